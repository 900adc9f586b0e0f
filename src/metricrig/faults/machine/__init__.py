"""What can be done to a running service itself: to its processes, its disk, its limits."""
