"""Kill the job in every way, run the same command again, and compare main with an undisturbed run's.

    python -m tools.crash --kills 1000 --seed 1

One trial kills a command again and again, at boundaries of its statements and state files or at random
moments, until it gets through or has been killed often enough; then it is run undisturbed. Main must be that
of a run that nobody disturbed, run_id apart.
"""
