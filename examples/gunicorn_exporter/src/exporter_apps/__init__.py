"""The applications that are served. They import nothing of the suite: every worker would, at every start."""
