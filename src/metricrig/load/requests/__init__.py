"""Load on servers of HTTP: one request as a call, and drivers that need no Python function for each."""
