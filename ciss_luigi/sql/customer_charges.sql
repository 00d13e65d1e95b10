-- The charges of one customer in some months: the largest rows of each kind and key, or all rows.
-- Keys are made as the billing rules make them (build.sql). Three texts say which row of its source a charge is.
-- Rows that are alike are one row with the number of its copies. This also helps Hive 4.0.1, which fails on a
-- window function over the charges themselves, but accepts one over grouped rows.
WITH charges AS (
    SELECT 'subscription' AS kind, partition_date AS month_year,
           org_id, business_unit, commercial_offer, currency,
           CAST(subscription_id AS STRING) AS detail_1, CAST(usage_limit AS STRING) AS detail_2,
           CAST(limit_unit AS STRING) AS detail_3,
           CAST(billable_subs AS DECIMAL(19,0)) AS billable_subs, CAST(charge AS DECIMAL(18,4)) AS amount
    FROM {billable}
    WHERE partition_date IN ({months})
    UNION ALL
    SELECT 'overage', partition_date, org_id, business_unit, commercial_offer, currency,
           CAST(usage_date AS STRING), CAST(NULL AS STRING), CAST(NULL AS STRING),
           CAST(0 AS DECIMAL(19,0)), CAST(charge AS DECIMAL(18,4))
    FROM {overage}
    WHERE partition_date IN ({months})
    UNION ALL
    SELECT 'service', partition_date, org_id, business_unit, commercial_offer, currency,
           CAST(service_name AS STRING), CAST(service_date AS STRING), CAST(NULL AS STRING),
           CAST(0 AS DECIMAL(19,0)), CAST(charge AS DECIMAL(18,4))
    FROM {service}
    WHERE partition_date IN ({months})
    UNION ALL
    SELECT 'register', SUBSTR(invoice_date, 1, 7), org_id, business_unit, commercial_offer, currency,
           CAST(invoice_no AS STRING), CAST(line_no AS STRING), CAST(invoice_date AS STRING),
           CAST(0 AS DECIMAL(19,0)), CAST(amount AS DECIMAL(18,4))
    FROM {register}
    WHERE SUBSTR(invoice_date, 1, 7) IN ({months})
),

keyed AS (
    SELECT kind, month_year,
           CASE WHEN REPLACE(org_id, ' ', '') <> '' THEN org_id ELSE 'UNKNOWN' END AS org_id,
           CASE WHEN REPLACE(business_unit, ' ', '') <> '' THEN business_unit
                ELSE 'UNKNOWN' END AS business_unit,
           CASE WHEN REPLACE(commercial_offer, ' ', '') <> '' THEN commercial_offer
                ELSE 'UNKNOWN' END AS commercial_offer,
           currency, detail_1, detail_2, detail_3, billable_subs, amount,
           ABS(COALESCE(amount, CAST(0 AS DECIMAL(18,4)))) AS size
    FROM charges
),

alike AS (
    SELECT month_year, business_unit, commercial_offer, currency, kind,
           detail_1, detail_2, detail_3, billable_subs, amount, size, COUNT(*) AS copies
    FROM keyed
    WHERE org_id = {org}{more}
    GROUP BY month_year, business_unit, commercial_offer, currency, kind,
             detail_1, detail_2, detail_3, billable_subs, amount, size
),

ranked AS (
    SELECT month_year, business_unit, commercial_offer, currency, kind,
           detail_1, detail_2, detail_3, billable_subs, amount, copies,
           ROW_NUMBER() OVER (PARTITION BY month_year, business_unit, commercial_offer, currency, kind
                              ORDER BY size DESC, detail_1, detail_2, detail_3, billable_subs) AS place
    FROM alike
)

SELECT month_year, business_unit, commercial_offer, currency, kind,
       detail_1, detail_2, detail_3, billable_subs, amount, copies
FROM ranked{limit}
