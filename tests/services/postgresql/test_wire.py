"""Our own words with PostgreSQL, beside psycopg's."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from metricrig import MetricrigError, Rig
from metricrig.services import PostgreSQL, PostgreSQLError
from metricrig.services.postgresql import PostgreSQLInstance
from metricrig.services.postgresql.database import session
from metricrig.services.postgresql.wire import PostgreSQLConnection

QUESTIONS = [
    "SELECT 1, 'zwei', NULL, '', true",
    "SELECT n, n * 1.5 FROM generate_series(1, 1000) AS n",
    "SELECT repeat('ä', 100000)",
    "SELECT WHERE false",
    "SELECT",
]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQLInstance]:
    with Rig("wire") as rig:
        instance = rig.add(PostgreSQL())
        rig.start()
        yield instance


@pytest.mark.parametrize("question", QUESTIONS)
def test_rows_are_psycopgs_as_texts(postgresql: PostgreSQLInstance, question: str) -> None:
    ours = session(postgresql, "postgres")
    with psycopg.connect(postgresql.url) as theirs, psycopg.RawCursor(theirs) as cursor:
        cursor.execute(question)
        assert cursor.pgresult
        result = cursor.pgresult
        rows = [
            tuple(
                None if (value := result.get_value(row, column)) is None else value.decode()
                for column in range(result.nfields)
            )
            for row in range(result.ntuples)
        ]
    assert ours.query(question) == rows
    ours.close()


def test_tcp_and_socket_work_and_a_wrong_password_does_not(postgresql: PostgreSQLInstance) -> None:
    for address in ((postgresql.host, postgresql.port), str(postgresql.dir / f".s.PGSQL.{postgresql.port}")):
        connection = PostgreSQLConnection(
            "db", address, user="postgres", password=postgresql.secret, database="postgres"
        )
        assert connection.query("SHOW client_encoding") == [("UTF8",)]
        assert connection.version >= 9
        connection.close()
        with pytest.raises(PostgreSQLError, match="password authentication failed") as caught:
            PostgreSQLConnection("db", address, user="postgres", password="wrong", database="postgres")
        assert (caught.value.severity, caught.value.code) == ("FATAL", "28P01")


def test_trust_and_clear_passwords_work_too(postgresql: PostgreSQLInstance) -> None:
    rules = postgresql.dir / "data" / "pg_hba.conf"
    before = rules.read_text()
    for method in ("trust", "password"):
        rules.write_text(f"local all all {method}\n{before}")
        postgresql.psql("SELECT pg_reload_conf()")
        connection = session(postgresql, "postgres")
        assert connection.query("SELECT 1") == [("1",)]
        connection.close()
    rules.write_text(before)
    postgresql.psql("SELECT pg_reload_conf()")


def test_several_statements_answer_with_the_last_rows(postgresql: PostgreSQLInstance) -> None:
    connection = session(postgresql, "postgres")
    assert connection.query("SELECT 1; SELECT 2; SET work_mem = '8MB'") == [("2",)]
    assert connection.query("") == []
    assert connection.query("SHOW work_mem") == [("8MB",)]
    connection.close()


def test_a_refusal_has_its_fields_and_the_session_goes_on(postgresql: PostgreSQLInstance) -> None:
    connection = session(postgresql, "postgres")
    with pytest.raises(PostgreSQLError) as caught:
        connection.query("SELECT 1;\nSELECT nothing FROM\n nowhere")
    error = caught.value
    assert (error.severity, error.code, error.message) == ("ERROR", "42P01", 'relation "nowhere" does not exist')
    assert error.position == 32
    assert str(error) == ('postgresql/postgres: ERROR 42P01: relation "nowhere" does not exist\n  at: line 3: nowhere')
    with pytest.raises(PostgreSQLError) as caught:
        connection.query("DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'd', HINT = 'h'; END $$")
    assert (caught.value.detail, caught.value.hint) == ("d", "h")
    assert "PL/pgSQL function inline_code_block" in caught.value.where
    assert connection.query("DO $$ BEGIN RAISE NOTICE 'aside'; END $$; SELECT 3") == [("3",)]
    connection.close()


def test_copy_is_refused_or_skipped_and_does_not_hang(postgresql: PostgreSQLInstance) -> None:
    connection = session(postgresql, "postgres")
    with pytest.raises(PostgreSQLError, match="COPY FROM STDIN is for psql"):
        connection.query("CREATE TEMP TABLE t (n int); COPY t FROM STDIN")
    assert connection.query("COPY (SELECT 1) TO STDOUT") == []
    connection.close()


def test_a_session_knows_that_it_has_ended(postgresql: PostgreSQLInstance) -> None:
    connection = session(postgresql, "postgres")
    assert connection.alive
    pid = connection.query("SELECT pg_backend_pid()")[0][0]
    other = session(postgresql, "postgres")
    other.query(f"SELECT pg_terminate_backend({pid}, 5000)")
    other.close()
    assert not connection.alive
    assert not other.alive
    with pytest.raises(MetricrigError, match=r"57P01|Broken pipe"):
        connection.query("SELECT 1")
    connection.close()


def test_threads_take_turns(postgresql: PostgreSQLInstance) -> None:
    connection = session(postgresql, "postgres")
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(connection.query, f"SELECT {n}") for n in range(200)]
    assert [each.result() for each in asked] == [[(str(n),)] for n in range(200)]
    connection.close()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"", "no connection to PostgreSQL: the server closed the connection"),
        (b"R" + struct.pack("!ii", 8, 7), "wants authentication 7"),
        (b"R" + struct.pack("!ii", 28, 11) + b"r=another,s=YQ==,i=1", "does not know the password either"),
        (b"R" + struct.pack("!ii", 12, 12) + b"v=YQ==", "does not know the password either"),
    ],
)
def test_who_is_not_a_postgresql_that_knows_the_password_is_not_believed(reply: bytes, words: str) -> None:
    def answer(server: socket.socket) -> None:
        with server.accept()[0] as connection:
            connection.recv(1000)
            connection.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as threads:
        threads.submit(answer, server)
        with pytest.raises(MetricrigError, match=words):
            PostgreSQLConnection("db", server.getsockname(), user="u", password="p", database="d")
    with pytest.raises(MetricrigError, match="nobody listens"):
        PostgreSQLConnection("db", server_address_of_nobody(), user="u", password="p", database="d")


def server_address_of_nobody() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address: tuple[str, int] = server.getsockname()
        return address
