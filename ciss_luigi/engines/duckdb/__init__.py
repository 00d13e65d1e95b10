"""DuckDB in a file: the engine that needs nothing but pip."""
