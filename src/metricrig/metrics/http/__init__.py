"""HTTP to servers that answer metrics and queries: connections that stay open."""
