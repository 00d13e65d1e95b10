"""The engines: one driver each, imported inside a function; differing by data and flags."""
