"""Two hundred tests over four servers: in one process, and by four workers who share the servers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from bench.finding import Report, Target, compare
from bench.rounds import interleave

ROUNDS = 5
ONE, FOUR = "-n 0", "-n 4"
AS_GOOD = Target(1.0)
SERVERS = "metricrig: 4 servers started"
TESTS = """
import hashlib, pytest

# What a test does besides talking to its server; without it, starting workers would be all there is to see.
def work():
    for _ in range(40):
        hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 2000)

@pytest.mark.parametrize("number", range(50))
class TestMany:
    def test_victoriametrics(self, number, victoriametrics):
        work()
        victoriametrics.write("x", float(number), at=1_700_000_000)
        assert victoriametrics.query("x", at=1_700_000_000).one().value == number

    def test_prometheus(self, number, prometheus):
        work()
        prometheus.write("x", float(number), at=1_700_000_000)
        assert prometheus.query("x", at=1_700_000_000).one().value == number

    def test_postgresql(self, number, postgresql):
        work()
        postgresql.execute("create table t (a int)")

    def test_redis(self, number, redis):
        work()
        assert redis.url
"""


def run(scale: float) -> Report:
    """The same file both ways; how many servers ran is looked at each time."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "test_many.py").write_text(TESTS, encoding="utf-8")
        contenders = {ONE: partial(_timed, directory, "-n", "0"), FOUR: partial(_timed, directory, "-n", "4")}
        timings = interleave(contenders, max(2, round(ROUNDS * scale)))
    rows = compare("200 tests, 4 servers", timings, base=ONE, targets={FOUR: AS_GOOD})
    note = "Each test computes for about 30 ms besides. Whole runs, from the command to its end."
    return Report(rows, (note, f"Every run said '{SERVERS}': four in all, however many workers."))


def _timed(directory: str, *words: str) -> float:
    began = time.perf_counter()
    # Every worker imports what is installed: plugins that are not used here would be much of what is measured.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    plugins = ["-p", "no:cacheprovider", "-p", "metricrig.pytest_plugin", "-p", "xdist.plugin"]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, *words]
    done = subprocess.run(command, cwd=directory, env=environment, check=False, capture_output=True, text=True)
    took = time.perf_counter() - began
    assert "200 passed" in done.stdout, done.stdout
    assert SERVERS in re.sub(r"\s+", " ", done.stdout), done.stdout
    return took
