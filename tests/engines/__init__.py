"""The whole contract on every engine: DuckDB, Hive, Spark, and an Impala's face on Hive."""
