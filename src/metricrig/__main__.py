"""``python -m metricrig`` is the command ``metricrig``."""

from metricrig.cli import main

if __name__ == "__main__":
    main()
