"""Several hosts: leases in PostgreSQL, two state folders on one warehouse."""
