"""The lowest floor: errors, deadlines, ports, events and the identity of processes. It imports no other room."""
