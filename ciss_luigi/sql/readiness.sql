-- Which charge sources hold a row of a month, and whether the rate table holds any.
-- The first row found is enough: a month is not read to its end to learn that it has rows.
SELECT 'billable' AS source_role, month_year
FROM (SELECT partition_date AS month_year FROM {billable} WHERE partition_date = '{month}' LIMIT 1) billable
UNION ALL
SELECT 'overage', month_year
FROM (SELECT partition_date AS month_year FROM {overage} WHERE partition_date = '{month}' LIMIT 1) overage
UNION ALL
SELECT 'service', month_year
FROM (SELECT partition_date AS month_year FROM {service} WHERE partition_date = '{month}' LIMIT 1) service
UNION ALL
SELECT 'register', month_year
FROM (SELECT SUBSTR(invoice_date, 1, 7) AS month_year FROM {register}
      WHERE SUBSTR(invoice_date, 1, 7) = '{month}' LIMIT 1) register
UNION ALL
SELECT 'rate', month_year
FROM (SELECT '' AS month_year FROM {rate} LIMIT 1) rate
