-- The totals of a month by customer, in main or in a run's part of temp. Others are compared with them.
-- The name is for a customer that main's month no longer has.
SELECT org_id, MAX(org_name) AS org_name,
       CAST(SUM(total_charge_usd) AS DECIMAL(38,4)) AS total_charge_usd
FROM {table}
WHERE {where}
GROUP BY org_id
