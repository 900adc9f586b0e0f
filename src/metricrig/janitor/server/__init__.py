"""The janitor's side of the conversation: everything in this folder runs in the janitor's process, and nowhere else."""
