"""The generated sample: ``python -m tools.sample`` writes it anew, the same to the last byte."""
