-- Control totals of the four charge sources in one month, per source and currency.
-- unfit_numbers counts the numbers that the rules would change as they read them: an amount that is not a DECIMAL(18,4),
-- a count that is not a whole number. A cast that gives NULL counts, too. (The test is a difference of numbers, because
-- engines do not compare a number with its text in the same way.)
-- {count_type} is the type that sums counts exactly and fastest on the engine; no BIGINT sum may overflow.
-- (One month, so that rows are grouped by the currency alone: this takes half the time.)
-- Where the statement asks for them, the register's rows that belong to no month stand under a NULL month, and
-- odd_value is the date of one of them.
SELECT 'billable' AS source_role, '{month}' AS month_year, currency,
       COUNT(*) AS source_rows,
       CAST(COALESCE(SUM(CAST(billable_subs AS {count_type})), 0) AS DECIMAL(38,0)) AS billable_subs,
       CAST(COALESCE(SUM(CAST(charge AS DECIMAL(18,4))), 0) AS DECIMAL(38,4)) AS charge,
       COUNT(charge) - COUNT(CASE WHEN charge - CAST(charge AS DECIMAL(18,4)) = 0 THEN 1 END)
       + COUNT(billable_subs)
       - COUNT(CASE WHEN billable_subs - CAST(billable_subs AS {count_type}) = 0 THEN 1 END) AS unfit_numbers,
       CAST(NULL AS STRING) AS odd_value
FROM {billable}
WHERE partition_date = '{month}'
GROUP BY currency
UNION ALL
SELECT 'overage', '{month}', currency, COUNT(*), CAST(0 AS DECIMAL(38,0)),
       CAST(COALESCE(SUM(CAST(charge AS DECIMAL(18,4))), 0) AS DECIMAL(38,4)),
       COUNT(charge) - COUNT(CASE WHEN charge - CAST(charge AS DECIMAL(18,4)) = 0 THEN 1 END),
       CAST(NULL AS STRING)
FROM {overage}
WHERE partition_date = '{month}'
GROUP BY currency
UNION ALL
SELECT 'service', '{month}', currency, COUNT(*), CAST(0 AS DECIMAL(38,0)),
       CAST(COALESCE(SUM(CAST(charge AS DECIMAL(18,4))), 0) AS DECIMAL(38,4)),
       COUNT(charge) - COUNT(CASE WHEN charge - CAST(charge AS DECIMAL(18,4)) = 0 THEN 1 END),
       CAST(NULL AS STRING)
FROM {service}
WHERE partition_date = '{month}'
GROUP BY currency
UNION ALL
SELECT 'register', CASE WHEN SUBSTR(invoice_date, 1, 7) = '{month}' THEN '{month}' END, currency,
       COUNT(*), CAST(0 AS DECIMAL(38,0)),
       CAST(COALESCE(SUM(CAST(amount AS DECIMAL(18,4))), 0) AS DECIMAL(38,4)),
       COUNT(amount) - COUNT(CASE WHEN amount - CAST(amount AS DECIMAL(18,4)) = 0 THEN 1 END),
       MIN(CASE WHEN SUBSTR(invoice_date, 1, 7) = '{month}' THEN CAST(NULL AS STRING) ELSE invoice_date END)
FROM {register}
WHERE SUBSTR(invoice_date, 1, 7) = '{month}'{or_no_month}
GROUP BY CASE WHEN SUBSTR(invoice_date, 1, 7) = '{month}' THEN '{month}' END, currency
