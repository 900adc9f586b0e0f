"""What suites need whose servers are killed while tests use them."""

CONFTEST = """
    import socket, subprocess
    import pytest

    @pytest.fixture
    def soon_killed():
        killers = []
        def kill(*pids, with_signal="KILL"):
            words = " ".join(map(str, pids))
            killers.append(subprocess.Popen(["sh", "-c", f"sleep 0.1; kill -{with_signal} {words}"]))
        yield kill
        for each in killers:
            each.wait()

    def say(redis, *words):
        with socket.create_connection((redis.host, redis.port)) as connection:
            connection.sendall(" ".join(words).encode() + b"\\r\\n")
            return connection.recv(1000)

    urls = []

    @pytest.fixture
    def fresh(redis_server):
        '''Every test here has it at the same address, without data, and leaves data.'''
        urls.append(redis_server.url)
        assert len(set(urls)) == 1
        assert say(redis_server, "DBSIZE") == b":0\\r\\n"
        say(redis_server, "SET", "left", "over")
        return redis_server
"""
