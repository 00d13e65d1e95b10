"""Telling people: what, when, and only once (notice), and by which way (mail, desk, channels, ping)."""
