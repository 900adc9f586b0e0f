"""What can be done to links and instances: faults that prove that they bite and that they have healed."""
