from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest
from support.programs import python, sleeper
from support.waiting import eventually, with_time

from metricrig import CommandFailed, DeadlineExceeded, Rig, ServiceDied, UsageError, ready

EVERY_RUNTIME = True
TALK = "os.write(1, b'first\\n'); os.write(2, b'second\\n'); time.sleep(1000)"


def test_the_log_has_both_outputs(rig: Rig) -> None:
    instance = rig.add(python("x", TALK, ready=ready.log("second")))
    rig.start()
    # Out of a container they come on two ways: which of two lines is first nobody knows.
    assert eventually(lambda: len(instance.logs.text()) == len("first\nsecond\n") and instance.logs.text()) in {
        "first\nsecond\n",
        "second\nfirst\n",
    }
    assert instance.logs.tail(1) in {"first", "second"}


def test_a_mark_divides_the_log(rig: Rig) -> None:
    code = """
    signal.signal(signal.SIGUSR1, lambda *_: print('again')); os.write(1, b'up\\n')
    while True: signal.pause()
    """
    instance = rig.add(python("x", code, ready=ready.log("up")))
    rig.start()
    mark = instance.logs.mark()
    assert instance.logs.since(mark) == ""
    with pytest.raises(DeadlineExceeded, match="bytes of log, none matches"):
        instance.logs.wait("up", within=0.05, since=mark)
    instance.signal(10)
    assert instance.logs.wait(r"aga\w+", since=mark) == "again"
    assert eventually(lambda: "\n" in instance.logs.since(mark) and instance.logs.since(mark)) == "again\n"


def test_a_restarted_service_is_not_ready_by_what_it_said_before(rig: Rig) -> None:
    code = "ran = os.path.exists('ran'); open('ran', 'w'); print('up') if not ran else sys.exit(3); time.sleep(1000)"
    instance = rig.add(python("x", code, cwd="{dir}", ready=ready.log("up")))
    rig.start()
    instance.stop()
    with pytest.raises(ServiceDied, match="exited with 3 while waiting for a line of its log that matches 'up'"):
        instance.start()


def test_a_chatty_server_is_not_held_up_and_costs_no_memory(rig: Rig) -> None:
    """100 MB that nobody reads; then the pattern behind them is found."""
    code = """
    line = b"x" * 1023 + b"\\n"
    for _ in range(100): os.write(1, line * 1024)
    print("finished"); time.sleep(1000)
    """
    instance = rig.add(python("chatty", code, ready=ready.log("finished"), start_within=60))
    rig.start()
    assert instance.logs.mark() > 100 << 20
    assert instance.logs.tail(2).splitlines()[-1] == "finished"


def test_waiting_returns_what_the_probe_said(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()
    answers: Iterator[object] = iter([None, 0, [], "yes"])
    assert instance.wait(lambda _: next(answers)) == "it returned 'yes'"


def test_a_wait_that_runs_out_shows_the_last_error(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()

    def queue_is_empty(_: object) -> bool:
        raise AssertionError("3 left")

    with pytest.raises(DeadlineExceeded, match=r"queue_is_empty\(instance\) to be true\n  last seen: .*3 left"):
        instance.wait(queue_is_empty, within=0.05)


def test_a_command_runs_beside_the_service(rig: Rig) -> None:
    instance = rig.add(sleeper("x", ports={"p": 1}, env={"GREETING": "hello {name}"}, ready=lambda _: True))
    rig.start()
    done = instance.run(["sh", "-c", "cat; pwd; echo $GREETING {port}; echo oops >&2"], stdin="from the test\n")
    assert done.status == 0
    assert done.out == f"from the test\n{instance.dir}\nhello x {instance.inside.port}\n"
    assert done.err == "oops\n"
    assert {path.name for path in rig.directory.iterdir()} - {"rig.json", ".shared"} == {"x", "x.log"}


def test_a_command_that_fails_tells_everything(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()
    with pytest.raises(CommandFailed, match="exited with 3") as failure:
        instance.run(["sh", "-c", "echo partial; echo reason >&2; exit 3"])
    assert (failure.value.out, failure.value.err) == ("partial\n", "reason\n")
    assert "| reason" in str(failure.value)
    assert instance.run(["sh", "-c", "exit 3"], check=False).status == 3


def test_a_command_has_a_deadline_and_takes_its_children_with_it(rig: Rig) -> None:
    instance = rig.add(sleeper())
    rig.start()

    def run(within: float) -> str:
        with pytest.raises(DeadlineExceeded) as failure:
            instance.run(["sh", "-c", "echo step one; sleep 1000 & sleep 1000"], within=within)
        return str(failure.value)

    assert "it said step one" in with_time(run, lambda said: "step one" in said.partition("last seen")[2])
    assert instance.resources().processes == 1


def test_resources_are_of_the_whole_tree(rig: Rig) -> None:
    code = """
    grow = "x = bytearray(50 << 20); print('grown', flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", grow], stdin=subprocess.PIPE)
    sum(i * i for i in range(300_000)); time.sleep(1000)
    """
    instance = rig.add(python("parent", code, ready=ready.log("grown")))
    rig.start()
    used = instance.resources()
    assert used.processes == 2
    assert used.rss_peak >= used.rss > 50 << 20
    assert used.cpu_seconds > 0
    assert used.fds >= 4
    assert used.threads == 2


def test_an_end_can_be_waited_for(rig: Rig) -> None:
    code = """
    signal.signal(signal.SIGINT, lambda *_: sys.exit(7)); print('up', flush=True)
    while True: signal.pause()
    """
    instance = rig.add(python("x", code, ready=ready.log("up")))
    with pytest.raises(UsageError, match="x is new, so there is no end of it to wait for: start it first"):
        instance.wait_for_end()
    rig.start()
    with pytest.raises(DeadlineExceeded, match=r"x: waited 0.05 s for its end\n  last seen: it runs, pid"):
        instance.wait_for_end(within=0.05)
    instance.signal(signal.SIGINT)
    assert instance.wait_for_end(within=60) == "exited with 7"
    assert instance.wait_for_end(within=0) == "exited with 7"
    instance.start()
    assert instance.state == "ready"
    instance.stop()
    with pytest.raises(UsageError, match="x is stopped"):
        instance.wait_for_end()


@pytest.mark.process_only("a program in a container cannot reach its log as a file")
def test_a_log_that_cannot_be_read_in_time_ends_the_wait_all_the_same(rig: Rig) -> None:
    code = "os.ftruncate(1, 1 << 40); os.write(2, b'.\\n' * 40); time.sleep(1000)"  # zeros, which take no room
    instance = rig.add(python("x", code, ready=lambda x: x.logs.mark() > 1 << 39))
    rig.start()
    with pytest.raises(DeadlineExceeded, match="no time for more"):
        instance.logs.wait("needle", within=0.2)
    with pytest.raises(DeadlineExceeded):
        instance.wait(ready.log("needle"), within=0.2)


def test_an_answer_that_took_all_the_time_counts(rig: Rig) -> None:
    instance = rig.add(sleeper("x"))
    rig.start()

    def slow(_: object) -> bool:
        time.sleep(0.05)
        return True

    assert instance.wait(slow, within=0.01)
