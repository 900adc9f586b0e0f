"""The container engine: where it listens, the connection to it, and how its ports are reached from here."""
