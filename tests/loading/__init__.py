"""``ciss load``: what is taken, what is refused and where, and that nothing of a refused load stays."""
