"""Links: routes of their own to ports of services, and the faults of those who go that way."""
