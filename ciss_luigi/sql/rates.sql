-- Every rate to USD that the run could use, with what is wrong with it.
-- Unusable: zero, negative, not a number, or beyond DECIMAL(18,8). A NULL rate is no rate.
-- (0.000000005 is the smallest rate that is not rounded to zero. A rate has ten digits before the point at most.)
-- The rate of USD itself is always 1, whatever the table says.
SELECT cal_month, from_curr,
       MIN(rate) AS lowest_rate,
       MAX(rate) AS highest_rate,
       SUM(CASE WHEN rate IS NULL THEN 1 ELSE 0 END) AS unusable_rates,
       MIN(CASE WHEN rate IS NULL THEN rate_text END) AS unusable_example
FROM (
    SELECT cal_month, COALESCE(from_curr, '') AS from_curr, CAST(avg_conv_rate AS STRING) AS rate_text,
           CASE WHEN avg_conv_rate >= 0.000000005 AND avg_conv_rate < 10000000000.0
                THEN CAST(CAST(avg_conv_rate AS STRING) AS DECIMAL(18,8)) END AS rate
    FROM {rate}
    WHERE to_curr = 'USD' AND COALESCE(from_curr, '') <> 'USD'
      AND cal_month IN ({rate_months}) AND avg_conv_rate IS NOT NULL
) known
GROUP BY cal_month, from_curr
