"""Storms: faults at random moments, planned from a seed, judged while they last, and healed at their end."""
