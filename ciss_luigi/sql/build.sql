-- The billing rules: one row per month, customer, business unit, offer and currency.
-- Placeholders in braces are filled in by ciss_luigi; docs/sql.md lists them.
-- The same text runs on every engine, so it keeps to what all of them understand.

WITH months AS (
    -- one row per month to build: month_year, first_day, last_day, oldest_rate_month
    {month_rows}
),

-- Every charge of those months, each source in its own column. Nothing is dropped, nothing deduplicated.
-- (The other columns hold 0, not NULL: sums over columns that are never NULL cost less. Counts are decimals here,
-- because a sum of BIGINT overflows on Hive and Impala, and does not say so.)
charges AS (
    SELECT partition_date AS month_year, org_id, business_unit, commercial_offer, currency,
           CAST(billable_subs AS DECIMAL(19,0)) AS billable_subs,
           CAST(charge AS DECIMAL(18,4)) AS subscription_charge,
           CAST(0 AS DECIMAL(18,4)) AS overage_charge,
           CAST(0 AS DECIMAL(18,4)) AS service_charge,
           CAST(0 AS DECIMAL(18,4)) AS register_charge
    FROM {billable}
    WHERE partition_date IN ({months})
    UNION ALL
    SELECT partition_date, org_id, business_unit, commercial_offer, currency,
           CAST(0 AS DECIMAL(19,0)),
           CAST(0 AS DECIMAL(18,4)), CAST(charge AS DECIMAL(18,4)),
           CAST(0 AS DECIMAL(18,4)), CAST(0 AS DECIMAL(18,4))
    FROM {overage}
    WHERE partition_date IN ({months})
    UNION ALL
    SELECT partition_date, org_id, business_unit, commercial_offer, currency,
           CAST(0 AS DECIMAL(19,0)),
           CAST(0 AS DECIMAL(18,4)), CAST(0 AS DECIMAL(18,4)),
           CAST(charge AS DECIMAL(18,4)), CAST(0 AS DECIMAL(18,4))
    FROM {service}
    WHERE partition_date IN ({months})
    UNION ALL
    SELECT SUBSTR(invoice_date, 1, 7), org_id, business_unit, commercial_offer, currency,
           CAST(0 AS DECIMAL(19,0)),
           CAST(0 AS DECIMAL(18,4)), CAST(0 AS DECIMAL(18,4)),
           CAST(0 AS DECIMAL(18,4)), CAST(amount AS DECIMAL(18,4))
    FROM {register}
    WHERE SUBSTR(invoice_date, 1, 7) IN ({months})
),

-- A key that is NULL, empty or only spaces is UNKNOWN; any other is kept byte for byte.
-- (A text that sorts at or after '!' is not blank: this test is cheap, and saves REPLACE for nearly every row.)
keyed AS (
    SELECT month_year,
           CASE WHEN org_id >= '!' THEN org_id
                WHEN REPLACE(org_id, ' ', '') <> '' THEN org_id
                ELSE 'UNKNOWN' END AS org_id,
           CASE WHEN business_unit >= '!' THEN business_unit
                WHEN REPLACE(business_unit, ' ', '') <> '' THEN business_unit
                ELSE 'UNKNOWN' END AS business_unit,
           CASE WHEN commercial_offer >= '!' THEN commercial_offer
                WHEN REPLACE(commercial_offer, ' ', '') <> '' THEN commercial_offer
                ELSE 'UNKNOWN' END AS commercial_offer,
           currency, billable_subs,
           subscription_charge, overage_charge, service_charge, register_charge
    FROM charges
),

-- NULL amounts and counts count as 0: SUM ignores them, and COALESCE makes 0 of a sum that has nothing else.
summed AS (
    SELECT month_year, org_id, business_unit, commercial_offer, currency,
           COUNT(*) AS source_rows,
           COALESCE(SUM(billable_subs), CAST(0 AS DECIMAL(19,0))) AS billable_subs,
           COALESCE(SUM(subscription_charge), CAST(0 AS DECIMAL(18,4))) AS subscription_charge,
           COALESCE(SUM(overage_charge), CAST(0 AS DECIMAL(18,4))) AS overage_charge,
           COALESCE(SUM(service_charge), CAST(0 AS DECIMAL(18,4))) AS service_charge,
           COALESCE(SUM(register_charge), CAST(0 AS DECIMAL(18,4))) AS register_charge
    FROM keyed
    GROUP BY month_year, org_id, business_unit, commercial_offer, currency
),

-- The rate of the month itself, else of the newest month within rate_fallback_months before it.
-- A rate is read by its decimal text, so that a DOUBLE column gives the same rate on every engine.
-- The same rate twice is one rate (MAX). Two different rates have failed the run before this statement.
ranked_rates AS (
    SELECT months.month_year, known.from_curr, known.cal_month, known.rate,
           ROW_NUMBER() OVER (PARTITION BY months.month_year, known.from_curr
                              ORDER BY known.cal_month DESC) AS choice
    FROM (
        SELECT cal_month, from_curr, MAX(CAST(CAST(avg_conv_rate AS STRING) AS DECIMAL(18,8))) AS rate
        FROM {rate}
        WHERE to_curr = 'USD' AND from_curr <> 'USD'
          AND cal_month IN ({rate_months}) AND avg_conv_rate IS NOT NULL
        GROUP BY cal_month, from_curr
    ) known
    CROSS JOIN months
    WHERE known.cal_month <= months.month_year AND known.cal_month >= months.oldest_rate_month
),

-- Mapping rows, with keys and blanks in the same form as above. A blank start is before every date, a blank end after it.
-- A date is the first ten characters, digits in the form YYYY-MM-DD. A start or end that is neither blank nor a date
-- becomes NULL, so that the row is valid in no month; odd_rows.sql counts it.
mapping_rows AS (
    SELECT CASE WHEN org_id >= '!' THEN org_id
                WHEN REPLACE(org_id, ' ', '') <> '' THEN org_id
                ELSE 'UNKNOWN' END AS org_id,
           CASE WHEN business_unit >= '!' THEN business_unit
                WHEN REPLACE(business_unit, ' ', '') <> '' THEN business_unit
                ELSE 'UNKNOWN' END AS business_unit,
           CASE WHEN commercial_offer >= '!' THEN commercial_offer
                WHEN REPLACE(commercial_offer, ' ', '') <> '' THEN commercial_offer
                ELSE 'UNKNOWN' END AS commercial_offer,
           CASE WHEN contract_offer_group >= '!' THEN contract_offer_group
                WHEN REPLACE(contract_offer_group, ' ', '') <> '' THEN contract_offer_group
                ELSE '' END AS contract_offer_group,
           CASE WHEN org_name >= '!' THEN org_name
                WHEN REPLACE(org_name, ' ', '') <> '' THEN org_name
                ELSE '' END AS org_name,
           CASE WHEN TRANSLATE(SUBSTR(co_mapping_start_date, 1, 10), '123456789', '000000000') = '0000-00-00'
                THEN SUBSTR(co_mapping_start_date, 1, 10)
                WHEN REPLACE(co_mapping_start_date, ' ', '') <> '' THEN CAST(NULL AS STRING)
                ELSE '' END AS start_date,
           CASE WHEN TRANSLATE(SUBSTR(co_mapping_end_date, 1, 10), '123456789', '000000000') = '0000-00-00'
                THEN SUBSTR(co_mapping_end_date, 1, 10)
                WHEN REPLACE(co_mapping_end_date, ' ', '') <> '' THEN CAST(NULL AS STRING)
                ELSE '9999-12-31' END AS end_date
    FROM {mapping}
),

-- One of the mapping rows that are valid in the month is chosen, so that the mapping never multiplies money.
ranked_mapping AS (
    SELECT months.month_year, mapped.org_id, mapped.business_unit, mapped.commercial_offer,
           mapped.contract_offer_group, mapped.org_name,
           ROW_NUMBER() OVER (PARTITION BY months.month_year, mapped.org_id,
                                           mapped.business_unit, mapped.commercial_offer
                              ORDER BY mapped.start_date DESC, mapped.end_date DESC,
                                       mapped.contract_offer_group DESC, mapped.org_name DESC) AS choice
    FROM mapping_rows mapped
    CROSS JOIN months
    WHERE mapped.start_date <= months.last_day AND mapped.end_date >= months.first_day
      AND mapped.end_date >= mapped.start_date
),

priced AS (
    SELECT summed.month_year, summed.org_id, summed.business_unit, summed.commercial_offer,
           summed.currency, summed.source_rows, summed.billable_subs,
           summed.subscription_charge, summed.overage_charge,
           summed.service_charge, summed.register_charge,
           CAST(summed.subscription_charge + summed.overage_charge
                + summed.service_charge + summed.register_charge AS DECIMAL(18,4)) AS total_charge,
           CASE WHEN summed.currency = 'USD' THEN summed.month_year
                ELSE rates.cal_month END AS rate_month,
           CASE WHEN summed.currency = 'USD' THEN CAST(1 AS DECIMAL(18,8))
                ELSE rates.rate END AS conversion_rate,
           mapping.org_name, mapping.contract_offer_group
    FROM summed
    LEFT JOIN (SELECT * FROM ranked_rates WHERE choice = 1) rates
           ON rates.month_year = summed.month_year AND rates.from_curr = summed.currency
    LEFT JOIN (SELECT * FROM ranked_mapping WHERE choice = 1) mapping
           ON mapping.month_year = summed.month_year
          AND mapping.org_id = summed.org_id
          AND mapping.business_unit = summed.business_unit
          AND mapping.commercial_offer = summed.commercial_offer
)

-- DECIMAL(19,4) x DECIMAL(18,8) gives the exact product on every engine; with wider types some engines round it.
-- A count that BIGINT cannot hold becomes NULL here. No number column may hold NULL, so the run fails.
SELECT org_id,
       COALESCE(org_name, '') AS org_name,
       business_unit,
       commercial_offer,
       CASE WHEN contract_offer_group <> '' THEN contract_offer_group
            ELSE 'UNMAPPED' END AS contract_offer_group,
       currency,
       CASE WHEN billable_subs >= CAST(-9223372036854775808 AS DECIMAL(19,0))
             AND billable_subs <= CAST(9223372036854775807 AS DECIMAL(19,0))
            THEN CAST(billable_subs AS BIGINT) END AS billable_subs,
       CAST(source_rows AS BIGINT) AS source_rows,
       CAST(subscription_charge AS DECIMAL(18,4)) AS subscription_charge,
       CAST(overage_charge AS DECIMAL(18,4)) AS overage_charge,
       CAST(service_charge AS DECIMAL(18,4)) AS service_charge,
       CAST(register_charge AS DECIMAL(18,4)) AS register_charge,
       total_charge,
       rate_month,
       conversion_rate,
       CAST(ROUND(CAST(total_charge AS DECIMAL(19,4)) * conversion_rate, 4)
            AS DECIMAL(18,4)) AS total_charge_usd,
       '{run_date}' AS as_of_date,
       '{run_id}' AS run_id,
       month_year
FROM priced
