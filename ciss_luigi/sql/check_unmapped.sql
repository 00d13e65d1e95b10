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
    SELECT DISTINCT month_year,
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
    SELECT DISTINCT months.month_year, rows_of.org_id, rows_of.business_unit, rows_of.commercial_offer
    FROM mapping_rows rows_of
    CROSS JOIN months
    WHERE rows_of.start_date <= months.last_day AND rows_of.end_date >= months.first_day
      AND rows_of.end_date >= rows_of.start_date
)

SELECT keyed.month_year, COUNT(*) AS key_count,
       SUM(CASE WHEN mapped.org_id IS NULL THEN 1 ELSE 0 END) AS unmapped_count
FROM keyed
LEFT JOIN mapped ON mapped.month_year = keyed.month_year AND mapped.org_id = keyed.org_id
                AND mapped.business_unit = keyed.business_unit
                AND mapped.commercial_offer = keyed.commercial_offer
GROUP BY keyed.month_year
