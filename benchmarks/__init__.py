"""What the job costs beside what it is built on, as ratios measured in one run: ``python -m benchmarks``."""
