"""What an operator asks and does; how it is shown is in ``cli/``."""
