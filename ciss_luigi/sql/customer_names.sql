-- Every customer that main holds in some months, to find the nearest spelling of one that it does not hold.
SELECT DISTINCT org_id, org_name
FROM {main}
WHERE {month_column} IN ({months})
