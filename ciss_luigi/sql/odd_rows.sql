-- Rows that belong to no month, of the partitioned charge sources and the rates; mapping rows that are not used.
-- (Those of the register are counted by source_totals.sql, which reads it anyway.)
-- A month is seven characters, digits in the form YYYY-MM, 01 to 12. A date is ten, digits in the form YYYY-MM-DD.
-- (The condition on a month is CASE ... = 1 and not NOT (...): with a NULL month NOT gives NULL, and the row, which is
-- odd, too, would be left out.)
-- Whether a partition is a month is seen by its name: the rows of the other partitions alone are read.
SELECT source_role, currency, COUNT(*) AS row_count,
       CAST(COALESCE(SUM(amount), 0) AS DECIMAL(38,4)) AS amount, MIN(odd_value) AS example
FROM (
    SELECT 'billable' AS source_role, currency, CAST(charge AS DECIMAL(18,4)) AS amount,
           partition_date AS odd_value
    FROM {billable}
    WHERE CASE WHEN TRANSLATE(partition_date, '123456789', '000000000') = '0000-00'
                AND SUBSTR(partition_date, 6, 2) >= '01' AND SUBSTR(partition_date, 6, 2) <= '12'
               THEN 0 ELSE 1 END = 1
    UNION ALL
    SELECT 'overage', currency, CAST(charge AS DECIMAL(18,4)), partition_date
    FROM {overage}
    WHERE CASE WHEN TRANSLATE(partition_date, '123456789', '000000000') = '0000-00'
                AND SUBSTR(partition_date, 6, 2) >= '01' AND SUBSTR(partition_date, 6, 2) <= '12'
               THEN 0 ELSE 1 END = 1
    UNION ALL
    SELECT 'service', currency, CAST(charge AS DECIMAL(18,4)), partition_date
    FROM {service}
    WHERE CASE WHEN TRANSLATE(partition_date, '123456789', '000000000') = '0000-00'
                AND SUBSTR(partition_date, 6, 2) >= '01' AND SUBSTR(partition_date, 6, 2) <= '12'
               THEN 0 ELSE 1 END = 1
    UNION ALL
    SELECT 'rate', CAST(NULL AS STRING), CAST(0 AS DECIMAL(18,4)), cal_month
    FROM {rate}
    WHERE CASE WHEN TRANSLATE(cal_month, '123456789', '000000000') = '0000-00'
                AND SUBSTR(cal_month, 6, 2) >= '01' AND SUBSTR(cal_month, 6, 2) <= '12'
               THEN 0 ELSE 1 END = 1
    UNION ALL
    SELECT 'mapping', CAST(NULL AS STRING), CAST(0 AS DECIMAL(18,4)),
           CASE WHEN TRANSLATE(SUBSTR(co_mapping_start_date, 1, 10), '123456789', '000000000') = '0000-00-00'
                  OR COALESCE(REPLACE(co_mapping_start_date, ' ', ''), '') = ''
                THEN co_mapping_end_date ELSE co_mapping_start_date END
    FROM {mapping}
    WHERE NOT (TRANSLATE(SUBSTR(co_mapping_start_date, 1, 10), '123456789', '000000000') = '0000-00-00'
               OR COALESCE(REPLACE(co_mapping_start_date, ' ', ''), '') = '')
       OR NOT (TRANSLATE(SUBSTR(co_mapping_end_date, 1, 10), '123456789', '000000000') = '0000-00-00'
               OR COALESCE(REPLACE(co_mapping_end_date, ' ', ''), '') = '')
) odd
GROUP BY source_role, currency
