"""The life of an instance between ``add`` and ``close``: its start, waits, commands beside it, its stop."""
