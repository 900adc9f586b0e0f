"""What happens to an instance between ``add`` and ``close``: starting, watching, commands beside it, stopping."""
