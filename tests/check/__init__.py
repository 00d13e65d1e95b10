"""``ciss check`` finds what a run would end at, before it is run."""
