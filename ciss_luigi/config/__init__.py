"""From ``luigi.cfg`` to frozen settings: keys, URLs, variables, and settings that contradict each other."""
