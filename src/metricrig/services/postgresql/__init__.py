"""PostgreSQL: the server, its template directory, its wire protocol, and databases cloned for single tests."""

from metricrig.services.postgresql.database import PostgreSQLDatabase
from metricrig.services.postgresql.errors import PostgreSQLError
from metricrig.services.postgresql.instance import PostgreSQLInstance
from metricrig.services.postgresql.server import POSTGRESQL, PostgreSQL

__all__ = ["POSTGRESQL", "PostgreSQL", "PostgreSQLDatabase", "PostgreSQLError", "PostgreSQLInstance"]
