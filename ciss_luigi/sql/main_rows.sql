-- What main holds of each month: how many rows, and the newest estimate among them.
SELECT {month_column} AS month_year, COUNT(*) AS row_count, {newest} AS newest_as_of_date
FROM {main}
WHERE {month_column} IN ({months})
GROUP BY {month_column}
