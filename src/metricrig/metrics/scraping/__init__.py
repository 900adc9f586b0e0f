"""Pages from a URL, and what has changed on them."""
