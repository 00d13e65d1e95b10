-- Which months the rate table covers, per currency to USD. A NULL rate is no rate.
SELECT from_curr, cal_month
FROM {rate}
WHERE to_curr = 'USD' AND from_curr <> 'USD' AND avg_conv_rate IS NOT NULL
GROUP BY from_curr, cal_month
