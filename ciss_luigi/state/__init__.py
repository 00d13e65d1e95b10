"""State on disk, in ``state_dir``: markers, locks and the run ledger. Strangers to the engines."""
