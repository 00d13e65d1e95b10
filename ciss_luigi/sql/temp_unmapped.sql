-- How many customers of this run have a row without an offer group, by the first and the last month of such rows.
-- (It has the three columns of main_rows.sql, because both are asked in one statement.)
SELECT 'unmapped' AS month_year, COUNT(*) AS row_count, span AS newest_as_of_date
FROM (
    SELECT org_id, CONCAT(MIN(month_year), ' ', MAX(month_year)) AS span
    FROM {temp}
    WHERE run_date = '{run_date}' AND contract_offer_group = 'UNMAPPED'
    GROUP BY org_id
) unmapped
GROUP BY span
