
UNION ALL
SELECT 'held', month_year, source_role, CAST(NULL AS DECIMAL(18,8)), CAST(NULL AS DECIMAL(18,8)),
       CAST(NULL AS BIGINT), CAST(NULL AS DECIMAL(38,4)), CAST(NULL AS STRING)
FROM (
{readiness}
) held_{number}
