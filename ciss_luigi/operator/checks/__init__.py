"""The single checks of ``ciss check``, one module for each subject."""
