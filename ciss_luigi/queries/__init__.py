"""Every statement as SQL text, and how its answer is read."""
