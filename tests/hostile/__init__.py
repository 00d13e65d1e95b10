"""Names, rows, files and answers that mean harm, and secrets that must not be seen."""
