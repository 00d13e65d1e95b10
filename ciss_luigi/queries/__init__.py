"""Every statement as text, and how its answer is read."""
