"""What is kept in ``state_dir``: markers, ledgers, open writes. Nothing here knows an engine."""
