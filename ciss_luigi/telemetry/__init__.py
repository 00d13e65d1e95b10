"""What the job says of itself while it works: its log, and figures for a monitoring system."""
