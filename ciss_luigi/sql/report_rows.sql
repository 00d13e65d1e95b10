-- Every row that main holds of a month.
SELECT org_id, org_name, business_unit, commercial_offer, contract_offer_group, currency, billable_subs, source_rows,
       subscription_charge, overage_charge, service_charge, register_charge, total_charge,
       rate_month, conversion_rate, total_charge_usd, as_of_date, run_id
FROM {main}
WHERE {month_column} = '{month}'
