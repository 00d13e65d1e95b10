-- Control totals of the four charge sources, per source, month and currency.
-- ({count_type}: whatever sums counts exactly and fastest on the engine; no BIGINT sum may wrap.)
SELECT 'billable' AS source_role, partition_date AS month_year, currency,
       COUNT(*) AS source_rows,
       CAST(COALESCE(SUM(CAST(billable_subs AS {count_type})), 0) AS DECIMAL(38,0)) AS billable_subs,
       CAST(COALESCE(SUM(CAST(charge AS DECIMAL(18,4))), 0) AS DECIMAL(38,4)) AS charge
FROM {billable}
WHERE partition_date IN ({months})
GROUP BY partition_date, currency
UNION ALL
SELECT 'overage', partition_date, currency, COUNT(*), CAST(0 AS DECIMAL(38,0)),
       CAST(COALESCE(SUM(CAST(charge AS DECIMAL(18,4))), 0) AS DECIMAL(38,4))
FROM {overage}
WHERE partition_date IN ({months})
GROUP BY partition_date, currency
UNION ALL
SELECT 'service', partition_date, currency, COUNT(*), CAST(0 AS DECIMAL(38,0)),
       CAST(COALESCE(SUM(CAST(charge AS DECIMAL(18,4))), 0) AS DECIMAL(38,4))
FROM {service}
WHERE partition_date IN ({months})
GROUP BY partition_date, currency
UNION ALL
SELECT 'register', SUBSTR(invoice_date, 1, 7), currency, COUNT(*), CAST(0 AS DECIMAL(38,0)),
       CAST(COALESCE(SUM(CAST(amount AS DECIMAL(18,4))), 0) AS DECIMAL(38,4))
FROM {register}
WHERE SUBSTR(invoice_date, 1, 7) IN ({months})
GROUP BY SUBSTR(invoice_date, 1, 7), currency
