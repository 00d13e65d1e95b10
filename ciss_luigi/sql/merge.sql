-- One month of this run date's temp rows, as they go into main.
SELECT {columns}
FROM {temp}
WHERE run_date = '{run_date}' AND month_year IN ({months})
