-- Control totals of temp or main, per month and currency, with the checks made on every row:
-- no number and no signature is NULL, total_charge is the sum of its charges, total_charge_usd lies within half a
-- unit of its last digit of total_charge x conversion_rate.
-- The sum and the product of small amounts fit into 64 bits, which DuckDB computes in a third of the time; both forms
-- of each check give the same answer. (The limits keep the factors within DECIMAL(9,4) and DECIMAL(9,8), and the
-- sums and the product within 18 digits.) {count_type} is the type that sums counts exactly and fastest on the engine.
-- Rows are first added up per rate month, date and run. There is mostly one of each, and MIN and MAX over these few
-- texts cost nothing; over the texts of every row they would take a third of the statement's time.
SELECT month_year, currency,
       SUM(row_count) AS row_count,
       CAST(SUM(source_rows) AS DECIMAL(38,0)) AS source_rows,
       CAST(SUM(billable_subs) AS DECIMAL(38,0)) AS billable_subs,
       CAST(SUM(subscription_charge) AS DECIMAL(38,4)) AS subscription_charge,
       CAST(SUM(overage_charge) AS DECIMAL(38,4)) AS overage_charge,
       CAST(SUM(service_charge) AS DECIMAL(38,4)) AS service_charge,
       CAST(SUM(register_charge) AS DECIMAL(38,4)) AS register_charge,
       CAST(SUM(total_charge) AS DECIMAL(38,4)) AS total_charge,
       CAST(SUM(total_charge_usd) AS DECIMAL(38,4)) AS total_charge_usd,
       SUM(rows_with_null) AS rows_with_null,
       SUM(rows_with_wrong_sum) AS rows_with_wrong_sum,
       SUM(rows_with_wrong_usd) AS rows_with_wrong_usd,
       MIN(rate_month) AS lowest_rate_month, MAX(rate_month) AS highest_rate_month,
       MIN(lowest_rate) AS lowest_rate, MAX(highest_rate) AS highest_rate,
       MIN(as_of_date) AS lowest_as_of_date, MAX(as_of_date) AS highest_as_of_date,
       MIN(run_id) AS lowest_run_id, MAX(run_id) AS highest_run_id
FROM (
    SELECT {month_column} AS month_year, currency, rate_month, as_of_date, run_id,
           COUNT(*) AS row_count,
           CAST(SUM(CAST(source_rows AS {count_type})) AS DECIMAL(38,0)) AS source_rows,
           CAST(SUM(CAST(billable_subs AS {count_type})) AS DECIMAL(38,0)) AS billable_subs,
           CAST(SUM(subscription_charge) AS DECIMAL(38,4)) AS subscription_charge,
           CAST(SUM(overage_charge) AS DECIMAL(38,4)) AS overage_charge,
           CAST(SUM(service_charge) AS DECIMAL(38,4)) AS service_charge,
           CAST(SUM(register_charge) AS DECIMAL(38,4)) AS register_charge,
           CAST(SUM(total_charge) AS DECIMAL(38,4)) AS total_charge,
           CAST(SUM(total_charge_usd) AS DECIMAL(38,4)) AS total_charge_usd,
           SUM(CASE WHEN source_rows IS NULL OR billable_subs IS NULL OR subscription_charge IS NULL
                      OR overage_charge IS NULL OR service_charge IS NULL OR register_charge IS NULL
                      OR total_charge IS NULL OR conversion_rate IS NULL OR total_charge_usd IS NULL
                      OR rate_month IS NULL OR as_of_date IS NULL OR run_id IS NULL
                    THEN 1 ELSE 0 END) AS rows_with_null,
           SUM(CASE WHEN fits_64_bits THEN
                    CASE WHEN total_charge
                              = subscription_charge + overage_charge + service_charge + register_charge
                         THEN 0 ELSE 1 END
                    WHEN CAST(total_charge AS DECIMAL(20,4))
                         = CAST(subscription_charge AS DECIMAL(20,4)) + CAST(overage_charge AS DECIMAL(20,4))
                           + CAST(service_charge AS DECIMAL(20,4)) + CAST(register_charge AS DECIMAL(20,4))
                    THEN 0 ELSE 1 END) AS rows_with_wrong_sum,
           SUM(CASE WHEN fits_64_bits THEN
                    CASE WHEN CAST(total_charge AS DECIMAL(9,4)) * CAST(conversion_rate AS DECIMAL(9,8))
                              BETWEEN CAST(total_charge_usd AS DECIMAL(18,12)) - CAST(0.00005 AS DECIMAL(18,12))
                                  AND CAST(total_charge_usd AS DECIMAL(18,12)) + CAST(0.00005 AS DECIMAL(18,12))
                         THEN 0 ELSE 1 END
                    WHEN CAST(total_charge AS DECIMAL(19,4)) * CAST(conversion_rate AS DECIMAL(18,8))
                         BETWEEN CAST(total_charge_usd AS DECIMAL(20,5)) - CAST(0.00005 AS DECIMAL(6,5))
                             AND CAST(total_charge_usd AS DECIMAL(20,5)) + CAST(0.00005 AS DECIMAL(6,5))
                    THEN 0 ELSE 1 END) AS rows_with_wrong_usd,
           MIN(conversion_rate) AS lowest_rate, MAX(conversion_rate) AS highest_rate
    FROM (
        SELECT *,
               ABS(subscription_charge) < CAST(99999 AS DECIMAL(18,4))
               AND ABS(overage_charge) < CAST(99999 AS DECIMAL(18,4))
               AND ABS(service_charge) < CAST(99999 AS DECIMAL(18,4))
               AND ABS(register_charge) < CAST(99999 AS DECIMAL(18,4))
               AND ABS(total_charge) < CAST(99999 AS DECIMAL(18,4))
               AND ABS(total_charge_usd) < CAST(999999 AS DECIMAL(18,4))
               AND ABS(conversion_rate) < CAST(9 AS DECIMAL(18,8)) AS fits_64_bits
        FROM {table}
        WHERE {where}
    ) summary
    GROUP BY {month_column}, currency, rate_month, as_of_date, run_id
) added_up
GROUP BY month_year, currency
