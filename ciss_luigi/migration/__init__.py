"""The way over from the shell script: its properties, and its process-status file."""
