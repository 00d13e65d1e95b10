-- What one writes who knows nothing of blank keys, overlapping mappings and missing rates.
INSERT INTO {temp}
WITH charges AS (
    SELECT org_id, business_unit, commercial_offer, currency, billable_subs,
           charge AS subscription, 0 AS overage, 0 AS service, 0 AS register
    FROM {billable} WHERE partition_date = '{month}'
    UNION ALL
    SELECT org_id, business_unit, commercial_offer, currency, 0, 0, charge, 0, 0
    FROM {overage} WHERE partition_date = '{month}'
    UNION ALL
    SELECT org_id, business_unit, commercial_offer, currency, 0, 0, 0, charge, 0
    FROM {service} WHERE partition_date = '{month}'
    UNION ALL
    SELECT org_id, business_unit, commercial_offer, currency, 0, 0, 0, 0, amount
    FROM {register} WHERE SUBSTR(invoice_date, 1, 7) = '{month}'
),
summed AS (
    SELECT org_id, business_unit, commercial_offer, currency,
           SUM(billable_subs) AS billable_subs, COUNT(*) AS source_rows,
           SUM(subscription) AS subscription, SUM(overage) AS overage,
           SUM(service) AS service, SUM(register) AS register
    FROM charges
    GROUP BY org_id, business_unit, commercial_offer, currency
)
SELECT s.org_id, m.org_name, s.business_unit, s.commercial_offer, m.contract_offer_group, s.currency,
       s.billable_subs, s.source_rows, s.subscription, s.overage, s.service, s.register,
       s.subscription + s.overage + s.service + s.register,
       '{month}', COALESCE(r.avg_conv_rate, 1),
       ROUND(CAST(s.subscription + s.overage + s.service + s.register AS DECIMAL(19,4))
             * COALESCE(r.avg_conv_rate, 1), 4),
       '{date}', 'simplest', '{month}', '{date}'
FROM summed s
LEFT JOIN {rate} r ON r.from_curr = s.currency AND r.to_curr = 'USD' AND r.cal_month = '{month}'
LEFT JOIN {mapping} m ON m.org_id = s.org_id AND m.business_unit = s.business_unit
                     AND m.commercial_offer = s.commercial_offer
