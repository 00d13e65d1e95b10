"""The way over from the shell script."""
