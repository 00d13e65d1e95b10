"""Two runs at once, in every way that they can meet: at most one writer per date and per month."""
