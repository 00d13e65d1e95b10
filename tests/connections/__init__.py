"""Connections as clusters have them, on real servers: logins, TLS, HTTP, Kerberos."""
