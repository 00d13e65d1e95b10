-- How many rows one charge source holds of each month and currency, and what they sum to.
-- Rows that belong to no month (no YYYY-MM with month 01 to 12) stand together under NULL: no run uses them.
SELECT month_year, currency, COUNT(*) AS row_count,
       CAST(COALESCE(SUM(CAST(amount AS DECIMAL(18,4))), 0) AS DECIMAL(38,4)) AS amount,
       MIN(CASE WHEN month_year IS NULL THEN odd_value END) AS example
FROM (
    SELECT CASE WHEN TRANSLATE(month_text, '123456789', '000000000') = '0000-00'
                 AND SUBSTR(month_text, 6, 2) >= '01' AND SUBSTR(month_text, 6, 2) <= '12'
                THEN month_text END AS month_year,
           currency, amount, odd_value
    FROM (SELECT {month} AS month_text, currency, {amount} AS amount, {value} AS odd_value FROM {source}) held
) dated
GROUP BY month_year, currency
