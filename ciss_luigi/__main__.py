"""``python -m ciss_luigi`` is ``ciss``."""

from ciss_luigi.cli import main

if __name__ == "__main__":
    main()
