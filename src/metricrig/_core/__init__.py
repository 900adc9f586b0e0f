"""The ground: errors, deadlines, ports, events, and the identity of processes. Knows nothing above it."""
