"""Databases of one PostgreSQL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from support.sharing import line, other_process
from support.waiting import eventually

from metricrig import CommandFailed, MetricrigError, Rig
from metricrig.services import PostgreSQL, PostgreSQLDatabase, PostgreSQLError
from metricrig.services.postgresql import PostgreSQLInstance
from metricrig.services.postgresql.pool_state import DEPTH

SCHEMA = """
CREATE TABLE orders (id serial PRIMARY KEY, what text);
COPY orders (what) FROM stdin;
apple
pear
\\.
"""


def fill(database: PostgreSQLDatabase) -> None:
    database.execute("CREATE TABLE orders (id serial PRIMARY KEY, what text); INSERT INTO orders (what) VALUES ('a')")


def names(postgresql: PostgreSQLInstance) -> set[str]:
    return set(postgresql.psql("SELECT datname FROM pg_database WHERE datname LIKE 'metricrig%'").split())


def test_twenty_databases_one_after_another_are_fresh_clones_of_one_template(rig: Rig, tmp_path: Path) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    (tmp_path / "schema.sql").write_text(SCHEMA)
    (tmp_path / "more.sql").write_text("INSERT INTO orders (what) VALUES ('plum')")
    used = set()
    for _ in range(20):
        with postgresql.isolated([tmp_path / "schema.sql", tmp_path / "more.sql"]) as database:
            assert database.execute("SELECT * FROM orders") == [("1", "apple"), ("2", "pear"), ("3", "plum")]
            database.execute("INSERT INTO orders (what) VALUES ('fig'); CREATE TABLE other (n int)")
            assert database.psql("SELECT max(id) FROM orders") == "4"
            used.add(database.name)
    assert len(used) == 20
    templates = [name for name in names(postgresql) if "template" in name]
    assert len(templates) == 1
    # The used ones go, the next ones wait.
    eventually(lambda: len(names(postgresql)) == 1 + DEPTH)
    assert not names(postgresql) & used


def test_a_database_has_addresses_and_says_what_it_is(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    database = postgresql.isolated()
    assert database.url == postgresql.url.removesuffix("postgres") + database.name
    assert database.inside.url == database.url
    for url in (database.url, database.socket_url):
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == (database.name,)
    assert repr(database) == f"<PostgreSQLDatabase {database.name} of postgresql open {postgresql.address()}>"
    assert database.server is postgresql
    database.close()
    database.close()
    assert "closed" in repr(database)


def test_a_client_that_stays_does_not_keep_a_closed_database(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    with postgresql.isolated(fill) as database, psycopg.connect(database.url) as staying:
        staying.execute("INSERT INTO orders (what) VALUES ('b')")
        database.close()
        eventually(lambda: database.name not in names(postgresql))
        with pytest.raises(psycopg.OperationalError):
            staying.execute("SELECT 1")


def test_templates_differ_by_what_fills_them(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    filled, empty = postgresql.isolated(fill), postgresql.isolated()
    assert filled.execute("SELECT what FROM orders") == [("a",)]
    with pytest.raises(PostgreSQLError, match='relation "orders" does not exist'):
        empty.execute("SELECT what FROM orders")
    with postgresql.isolated(fill, key="2"):
        assert len([name for name in names(postgresql) if "template" in name]) == 3


def test_threads_get_different_databases_of_a_template_that_is_filled_once(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    calls: list[str] = []

    def counted(database: PostgreSQLDatabase) -> None:
        calls.append(database.name)
        fill(database)

    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(postgresql.isolated, counted, key="counted") for _ in range(12)]
        databases = [each.result() for each in asked]
    assert len({database.name for database in databases}) == 12
    assert len(calls) == 1
    for database in databases:
        assert database.execute("SELECT count(*) FROM orders") == [("1",)]
        database.close()


def test_a_failed_setup_is_told_to_everybody_and_leaves_nothing(rig: Rig, tmp_path: Path) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    broken = [True]

    def sometimes(database: PostgreSQLDatabase) -> None:
        fill(database)
        if broken:
            database.execute("SELECT nonsense")

    for _ in range(2):
        with pytest.raises(PostgreSQLError, match='column "nonsense" does not exist') as caught:
            postgresql.isolated(sometimes, key="sometimes")
        assert caught.value.__notes__ == ["while a template database of postgresql was set up"]
        assert names(postgresql) == set()
    broken.clear()
    postgresql.isolated(sometimes, key="sometimes").close()
    (tmp_path / "bad.sql").write_text("SELECT 1;\nSELECT nonsense;")
    with pytest.raises(CommandFailed, match="psql:<stdin>:2: ERROR") as failed:
        postgresql.isolated(tmp_path / "bad.sql")
    assert failed.value.__notes__[0] == f"<stdin> is {tmp_path / 'bad.sql'}"


def test_a_setup_may_leave_clients_behind(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    left: list[psycopg.Connection] = []

    def careless(database: PostgreSQLDatabase) -> None:
        left.append(psycopg.connect(database.url))
        left[0].execute("CREATE TABLE orders (n int)")
        left[0].commit()

    with postgresql.isolated(careless, key="careless") as database:
        assert database.execute("SELECT * FROM orders") == []
    left[0].close()


USING = """
from pathlib import Path
databases = [server.isolated(Path(sys.stdin.readline().strip()))]
say(databases[0].name, databases[0].execute("SELECT count(*) FROM orders"))
for words in sys.stdin:
    databases.append(server.isolated(Path(words.strip())))
    say(databases[-1].name)
server.release()
"""


def test_processes_share_a_template_and_no_database(rig: Rig, tmp_path: Path) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    schema = tmp_path / "schema.sql"
    # Whoever comes second has to wait for the first.
    schema.write_text(f"{SCHEMA} SELECT pg_sleep(0.3);")
    with other_process(postgresql, USING) as one, other_process(postgresql, USING) as two:
        for process in (one, two):
            assert process.stdin
            process.stdin.write(f"{schema}\n")
            process.stdin.flush()
        first, second = line(one), line(two)
        own = postgresql.isolated(schema)
        assert first.endswith("[('2',)]")
        assert second.endswith("[('2',)]")
        assert len({first.split()[0], second.split()[0], own.name}) == 3
        assert len([name for name in names(postgresql) if "template" in name]) == 1
        for process in (one, two):  # an orderly end drops what is left
            process.communicate()
        numbers = {said.split("_")[1] for said in (first, second)}
        assert not [name for name in names(postgresql) if name.split("_")[1] in numbers]


def test_what_a_killed_process_leaves_is_dropped_by_the_next_that_has_its_number(rig: Rig, tmp_path: Path) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    schema = tmp_path / "schema.sql"
    schema.write_text(SCHEMA)
    with other_process(postgresql, USING) as other:
        assert other.stdin
        other.stdin.write(f"{schema}\n")
        other.stdin.flush()
        left = line(other).split()[0]
        other.kill()
        other.wait()
    assert left in names(postgresql)
    with postgresql.isolated(schema) as own:
        assert own.name.split("_")[:2] == left.split("_")[:2]
        eventually(lambda: left not in names(postgresql))


def test_a_killed_setup_leaves_no_half_template(rig: Rig, tmp_path: Path) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    schema = tmp_path / "schema.sql"
    schema.write_text(SCHEMA)
    code = f"""
import time
from metricrig.services.postgresql import sql
def stuck(*_):
    say("half")
    time.sleep(100)
sql.finish = stuck
server.isolated(__import__("pathlib").Path({str(schema)!r}))
"""
    with other_process(postgresql, code) as other:
        assert line(other) == "half"
        assert [name for name in names(postgresql) if "unfinished" in name]
        got: list[PostgreSQLDatabase] = []
        waiting = threading.Thread(target=lambda: got.append(postgresql.isolated(schema)))
        waiting.start()
        waiting.join(0.1)
        assert not got
        other.kill()
        waiting.join(60)
    assert got[0].execute("SELECT count(*) FROM orders") == [("2",)]
    assert not [name for name in names(postgresql) if "unfinished" in name]


@pytest.mark.parametrize("ending", ["restart", "kill", "fresh"])
def test_no_database_of_a_dead_life_is_handed_out(rig: Rig, ending: str) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    with postgresql.isolated(fill):
        eventually(lambda: len(names(postgresql)) == 2 + DEPTH)
    before = names(postgresql)
    if ending == "restart":
        postgresql.restart()
    else:
        postgresql.kill()
        if ending == "fresh":  # all that the dead life had is gone
            start_without(postgresql, before)
        postgresql.start()
    with postgresql.isolated(fill) as database:
        assert database.name not in before
        assert database.execute("SELECT what FROM orders") == [("a",)]
        eventually(lambda: not {name for name in before if "template" not in name} & names(postgresql))


def start_without(postgresql: PostgreSQLInstance, databases: set[str]) -> None:
    """As if the server had begun with a new data directory, behind the back of the pool."""
    postgresql.start()
    for name in databases:
        postgresql.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    postgresql.kill()


def test_a_server_that_is_gone_is_named_and_one_that_is_back_is_used(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    open_still = postgresql.isolated(fill)
    postgresql.stop()
    for _ in range(2):
        with pytest.raises(MetricrigError, match=r"postgresql/postgres: n.*is it running"):
            postgresql.isolated(fill)
    postgresql.start()
    assert open_still.execute("SELECT what FROM orders") == [("a",)]
    open_still.close()
    postgresql.isolated(fill).close()


def test_a_template_that_somebody_drops_is_made_again_after_one_error(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    databases = [postgresql.isolated(fill)]
    template = next(name for name in names(postgresql) if "template" in name)
    eventually(lambda: len(names(postgresql)) == 2 + DEPTH)
    postgresql.psql(f"DROP DATABASE {template}")
    with pytest.raises(PostgreSQLError, match=r"template database .* does not exist"):  # noqa: PT012 - after what waits
        while True:
            databases += [postgresql.isolated(fill)]
    assert len(databases) == 1 + DEPTH
    with postgresql.isolated(fill) as database:
        assert database.execute("SELECT what FROM orders") == [("a",)]


def test_nothing_is_left_running_when_the_rig_is_closed(rig: Rig) -> None:
    postgresql = rig.add(PostgreSQL())
    rig.start()
    database = postgresql.isolated(fill)
    threads = [thread for thread in threading.enumerate() if thread.name == "clones"]
    assert threads
    rig.close()
    assert not [thread for thread in threads if thread.is_alive()]
    database.close()
