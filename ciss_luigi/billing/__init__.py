"""The vocabulary of the money: tables and columns, rates, totals, run date and months."""
