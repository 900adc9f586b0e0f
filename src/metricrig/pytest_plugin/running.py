"""Around each test: what it uses is well, what it needs is there, and what dies ends it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from metricrig.pytest_plugin.session import Session


class Running:
    """The hooks of a test's life."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, Any, Any]:
        """Whatever the machine lacks is a skip."""
        try:
            return (yield)
        except Exception as error:
            if (skipped := self._skipped(error)) is not None:
                raise skipped from None
            raise

    @pytest.hookimpl(tryfirst=True, specname="pytest_runtest_setup")
    def pytest_runtest_setup_first(self, item: pytest.Item) -> None:
        """What it needs is there, and what its fixtures have made before is well."""
        for words in [each.args for each in item.iter_markers("needs")]:
            from metricrig.pytest_plugin.needing import require  # noqa: PLC0415 - only who has the marker

            for word in words:
                require(word)
        self._session.begin(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """The test itself: a death of one of its servers ends it."""
        self._session.listen()
        if self._session.usage is None and "metricrig.rig" not in sys.modules:
            return (yield)
        usage = self._session.usage_of(item)
        usage.arm()
        try:
            result = yield
        except pytest.skip.Exception:
            raise
        except BaseException as error:
            usage.disarm()
            failure = usage.failure()
            if failure is not None and not isinstance(error, pytest.fail.Exception):
                raise failure from error
            if isinstance(error, Exception) and (skipped := self._skipped(error)) is not None:
                raise skipped from None
            raise
        finally:
            usage.disarm()
        if (failure := usage.failure()) is not None:
            raise failure
        return result

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """What the test has opened itself is closed, or is a leak."""
        try:
            return (yield)
        finally:
            usage, self._session.usage, self._session.item = self._session.usage, None, None
            if usage is not None and usage.opened:
                from metricrig.pytest_plugin.leaks import close_leaked  # noqa: PLC0415 - only after a leak

                self._session.tally.leaks += close_leaked(usage.opened, item.nodeid)

    def _skipped(self, error: Exception) -> BaseException | None:
        """A skip in place of an error that only says what this machine lacks; None in strict mode."""
        errors = sys.modules.get("metricrig._core.errors")
        if errors is None or self._session.settings.strict:
            return None
        causes = error.failures.values() if isinstance(error, errors.StartFailed) else [error]
        lacking = [str(each) for each in causes if isinstance(each, errors.Unavailable)]
        return pytest.skip.Exception("\n".join(lacking)) if lacking else None
