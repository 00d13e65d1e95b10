-- How many rows each charge source and main hold of each month in scope, and whether there is any rate.
SELECT 'billable' AS source_role, partition_date AS month_year, COUNT(*) AS row_count
FROM {billable} WHERE partition_date IN ({months}) GROUP BY partition_date
UNION ALL
SELECT 'overage', partition_date, COUNT(*)
FROM {overage} WHERE partition_date IN ({months}) GROUP BY partition_date
UNION ALL
SELECT 'service', partition_date, COUNT(*)
FROM {service} WHERE partition_date IN ({months}) GROUP BY partition_date
UNION ALL
SELECT 'register', SUBSTR(invoice_date, 1, 7), COUNT(*)
FROM {register} WHERE SUBSTR(invoice_date, 1, 7) IN ({months}) GROUP BY SUBSTR(invoice_date, 1, 7)
UNION ALL
SELECT 'rate', '', COUNT(*) FROM {rate}
