"""The single questions of ``ciss check``, one module per subject."""
