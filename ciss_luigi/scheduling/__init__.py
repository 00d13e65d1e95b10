"""What Luigi's own command needs to keep the job's promises: defaults, locks, signals, messages."""
