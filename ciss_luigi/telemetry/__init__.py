"""What the job tells about its work: its log, and figures for a monitoring system."""
