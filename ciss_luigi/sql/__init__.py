"""The rules as SQL, one file each, and the reading of these files."""
