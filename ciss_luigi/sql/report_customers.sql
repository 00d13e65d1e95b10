-- What a month comes to by customer, in main or in a run's part of temp: to compare with.
SELECT org_id, CAST(SUM(total_charge_usd) AS DECIMAL(38,4)) AS total_charge_usd
FROM {table}
WHERE {where}
GROUP BY org_id
