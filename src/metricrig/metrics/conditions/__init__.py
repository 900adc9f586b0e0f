"""Expressions and conditions on metrics pages: what a test reads, compares and waits for."""
