-- One customer's mapping rows as they stand in the table, its keys as the billing rules make them (build.sql).
SELECT business_unit, commercial_offer, contract_offer_group, org_name, start_date, end_date
FROM (
    SELECT CASE WHEN REPLACE(org_id, ' ', '') <> '' THEN org_id ELSE 'UNKNOWN' END AS org_id,
           CASE WHEN REPLACE(business_unit, ' ', '') <> '' THEN business_unit
                ELSE 'UNKNOWN' END AS business_unit,
           CASE WHEN REPLACE(commercial_offer, ' ', '') <> '' THEN commercial_offer
                ELSE 'UNKNOWN' END AS commercial_offer,
           contract_offer_group, org_name,
           CAST(co_mapping_start_date AS STRING) AS start_date, CAST(co_mapping_end_date AS STRING) AS end_date
    FROM {mapping}
) keyed
WHERE org_id = {org}{more}
