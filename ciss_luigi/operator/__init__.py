"""What an operator asks and does, without a word of how it is shown."""
