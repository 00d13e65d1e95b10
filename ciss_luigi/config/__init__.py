"""From ``luigi.cfg`` to frozen settings: keys, URLs, variables, and what contradicts itself."""
