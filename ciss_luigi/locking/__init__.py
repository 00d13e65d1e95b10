"""Who may work on a date or a month: file locks on one host, leases between several hosts."""
