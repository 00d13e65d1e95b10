"""What makes Luigi's literal command keep its word: defaults, run guard, signals, messages."""
