"""Worker processes: the calls of one run, shared out where one core is not enough."""
