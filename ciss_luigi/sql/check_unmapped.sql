-- How many keys the charges of each month have, and how many of them no mapping row touches.
WITH months AS (
    -- one row per month: month_year, first_day, last_day
    {month_rows}
),

charges AS (
    SELECT partition_date AS month_year, org_id, business_unit, commercial_offer
    FROM {billable} WHERE partition_date IN ({months})
    UNION ALL
    SELECT partition_date, org_id, business_unit, commercial_offer
    FROM {overage} WHERE partition_date IN ({months})
    UNION ALL
    SELECT partition_date, org_id, business_unit, commercial_offer
    FROM {service} WHERE partition_date IN ({months})
    UNION ALL
    SELECT SUBSTR(invoice_date, 1, 7), org_id, business_unit, commercial_offer
    FROM {register} WHERE SUBSTR(invoice_date, 1, 7) IN ({months})
),

keyed AS (
    SELECT month_year,
           CASE WHEN REPLACE(org_id, ' ', '') <> '' THEN org_id ELSE 'UNKNOWN' END AS org_id,
           CASE WHEN REPLACE(business_unit, ' ', '') <> '' THEN business_unit
                ELSE 'UNKNOWN' END AS business_unit,
           CASE WHEN REPLACE(commercial_offer, ' ', '') <> '' THEN commercial_offer
                ELSE 'UNKNOWN' END AS commercial_offer
    FROM charges
),

mapping_rows AS (
    SELECT CASE WHEN REPLACE(org_id, ' ', '') <> '' THEN org_id ELSE 'UNKNOWN' END AS org_id,
           CASE WHEN REPLACE(business_unit, ' ', '') <> '' THEN business_unit
                ELSE 'UNKNOWN' END AS business_unit,
           CASE WHEN REPLACE(commercial_offer, ' ', '') <> '' THEN commercial_offer
                ELSE 'UNKNOWN' END AS commercial_offer,
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

mapped AS (
    SELECT months.month_year, rows_of.org_id, rows_of.business_unit, rows_of.commercial_offer
    FROM mapping_rows rows_of
    CROSS JOIN months
    WHERE rows_of.start_date <= months.last_day AND rows_of.end_date >= months.first_day
      AND rows_of.end_date >= rows_of.start_date
),

-- (No LEFT JOIN to distinct rows: Hive 4.0.1 makes a semi join of it and loses the keys without a partner.)
seen AS (
    SELECT month_year, org_id, business_unit, commercial_offer, MAX(is_key) AS is_key, MAX(is_mapped) AS is_mapped
    FROM (
        SELECT month_year, org_id, business_unit, commercial_offer, 1 AS is_key, 0 AS is_mapped FROM keyed
        UNION ALL
        SELECT month_year, org_id, business_unit, commercial_offer, 0, 1 FROM mapped
    ) either
    GROUP BY month_year, org_id, business_unit, commercial_offer
)

SELECT month_year, COUNT(*) AS key_count, SUM(1 - is_mapped) AS unmapped_count
FROM seen
WHERE is_key = 1
GROUP BY month_year
