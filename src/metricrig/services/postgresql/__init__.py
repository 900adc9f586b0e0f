"""PostgreSQL: the server, its template directory, its wire protocol, and databases cloned for single tests."""

from metricrig.services.postgresql.server import PostgreSQL, PostgreSQLInstance

__all__ = ["PostgreSQL", "PostgreSQLInstance"]
