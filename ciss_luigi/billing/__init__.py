"""The terms of the money rules: tables and columns, rates, totals, run date and months."""
