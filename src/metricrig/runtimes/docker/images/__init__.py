"""Images: which one a service runs from, and having it: found, pulled, built, or made of this machine's files."""
