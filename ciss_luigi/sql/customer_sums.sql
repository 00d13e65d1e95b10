-- What the charges of one customer come to in some months: rows and sums of each kind and key.
-- Keys are made as the billing rules make them (build.sql).
WITH charges AS (
    SELECT 'subscription' AS kind, partition_date AS month_year,
           org_id, business_unit, commercial_offer, currency,
           CAST(billable_subs AS DECIMAL(19,0)) AS billable_subs, CAST(charge AS DECIMAL(18,4)) AS amount
    FROM {billable}
    WHERE partition_date IN ({months})
    UNION ALL
    SELECT 'overage', partition_date, org_id, business_unit, commercial_offer, currency,
           CAST(0 AS DECIMAL(19,0)), CAST(charge AS DECIMAL(18,4))
    FROM {overage}
    WHERE partition_date IN ({months})
    UNION ALL
    SELECT 'service', partition_date, org_id, business_unit, commercial_offer, currency,
           CAST(0 AS DECIMAL(19,0)), CAST(charge AS DECIMAL(18,4))
    FROM {service}
    WHERE partition_date IN ({months})
    UNION ALL
    SELECT 'register', SUBSTR(invoice_date, 1, 7), org_id, business_unit, commercial_offer, currency,
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
           currency, billable_subs, amount
    FROM charges
)

SELECT month_year, business_unit, commercial_offer, currency, kind, COUNT(*) AS source_rows,
       CAST(COALESCE(SUM(amount), CAST(0 AS DECIMAL(18,4))) AS DECIMAL(38,4)) AS amount,
       CAST(COALESCE(SUM(billable_subs), CAST(0 AS DECIMAL(19,0))) AS DECIMAL(38,0)) AS billable_subs
FROM keyed
WHERE org_id = {org}{more}
GROUP BY month_year, business_unit, commercial_offer, currency, kind
