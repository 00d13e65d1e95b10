"""Impala, through impyla."""
