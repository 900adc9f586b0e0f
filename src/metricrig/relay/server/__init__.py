"""The relay's own process: everything in this folder runs there, and nowhere else."""
