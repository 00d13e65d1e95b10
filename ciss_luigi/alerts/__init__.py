"""Telling people: what is told, when and once (notice), and each way it goes (mail, desk, channels, ping)."""
