-- How many rows one charge source holds of each month and currency, and what they sum to.
-- Rows that belong to no month (no YYYY-MM with month 01 to 12) stand together under NULL: no run uses them.
SELECT month_year, currency, COUNT(*) AS row_count,
       CAST(COALESCE(SUM(CAST(amount AS DECIMAL(18,4))), 0) AS DECIMAL(38,4)) AS amount
FROM (
    SELECT CASE WHEN TRANSLATE(SUBSTR(month_text, 1, 5), '123456789', '000000000') = '0000-'
                 AND SUBSTR(month_text, 6) IN ('01', '02', '03', '04', '05', '06',
                                               '07', '08', '09', '10', '11', '12')
                THEN month_text END AS month_year,
           currency, amount
    FROM (SELECT {month} AS month_text, currency, {amount} AS amount FROM {source}) held
) dated
GROUP BY month_year, currency
