from __future__ import annotations

from metricrig import DeadlineExceeded, MetricrigError, StartFailed, Unavailable, UsageError


def test_errors_carry_fields_and_say_whose_fault_it_was() -> None:
    error = DeadlineExceeded("shop", wanted="an answer", seen="silence", within=2, log_tail="bye\n")
    assert (error.who, error.wanted, error.seen, error.within) == ("shop", "an answer", "silence", 2)
    assert str(error) == ("shop: waited 2 s for an answer\n  last seen: silence\n  last lines of its log:\n    | bye")
    lacking = Unavailable("docker", reason="no daemon", remedy="start one")
    assert str(lacking) == "docker: no daemon\n  what to do: start one"
    failed = StartFailed("rig", {"a": error, "b": lacking}, stopped=["c"])
    assert "2 service(s) did not start" in str(failed)
    assert "\n  b: docker: no daemon" in str(failed)
    assert str(failed).endswith("stopped again: c")
    assert all(isinstance(each, MetricrigError) for each in (error, lacking, failed, UsageError("x")))
