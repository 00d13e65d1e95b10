-- The rates that the run could use, the odd rows of the other sources, and whether there is any rate and any
-- mapping row.
-- They share one statement: each of them reads little, and on a cluster a further statement costs more than that.
SELECT 'rates' AS kind, cal_month AS month_year, from_curr AS currency, lowest_rate, highest_rate,
       unusable_rates AS row_count, CAST(NULL AS DECIMAL(38,4)) AS amount, unusable_example AS example
FROM (
{rates}
) rates_of_months
UNION ALL
SELECT source_role, CAST(NULL AS STRING), currency, CAST(NULL AS DECIMAL(18,8)), CAST(NULL AS DECIMAL(18,8)),
       row_count, amount, example
FROM (
{odd_rows}
) odd_rows_of_sources
UNION ALL
SELECT 'any rate', CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(NULL AS DECIMAL(18,8)),
       CAST(NULL AS DECIMAL(18,8)), CAST(1 AS BIGINT), CAST(NULL AS DECIMAL(38,4)), CAST(NULL AS STRING)
FROM (SELECT 1 AS present FROM {rate} LIMIT 1) any_rate
UNION ALL
SELECT 'any mapping', CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(NULL AS DECIMAL(18,8)),
       CAST(NULL AS DECIMAL(18,8)), CAST(1 AS BIGINT), CAST(NULL AS DECIMAL(38,4)), CAST(NULL AS STRING)
FROM (SELECT 1 AS present FROM {mapping} LIMIT 1) any_mapping
