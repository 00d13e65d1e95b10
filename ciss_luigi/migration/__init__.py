"""Moving from the shell script: its properties, and its process-status file."""
