"""Hive, and Spark's Thrift server, through PyHive."""
