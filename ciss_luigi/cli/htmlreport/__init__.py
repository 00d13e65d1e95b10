"""A month's report as one page that works offline: template, style, scripts, and the drawing library."""
