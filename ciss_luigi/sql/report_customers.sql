-- The totals of a month by customer, in main or in a run's part of temp. Others are compared with them.
SELECT org_id, CAST(SUM(total_charge_usd) AS DECIMAL(38,4)) AS total_charge_usd
FROM {table}
WHERE {where}
GROUP BY org_id
