"""The rules of the money: the job's answer against references, and mutants of its SQL against its checks."""
