"""Servers that the tests start themselves on loopback: Hive, Spark, an Impala front, a TCP proxy."""
