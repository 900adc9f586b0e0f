"""What a ``conftest.py`` imports from metricrig: functions that make fixtures of services.

::

    from metricrig.pytest import isolated, service

    shop = service(Service(name="shop", command=[...], ports={"http": 8000}))
    database = isolated("postgresql_server", setup=Path("schema.sql"))
"""

from metricrig.pytest_plugin.factories import isolated, service

__all__ = ["isolated", "service"]
