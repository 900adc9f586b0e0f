"""The hooks around each test: what it needs is there, its fixtures are alive, and a death of a server ends it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from metricrig.pytest_plugin.session import Session

_SAID_ON_PURPOSE = (pytest.skip.Exception, pytest.fail.Exception, pytest.exit.Exception, KeyboardInterrupt)
"""Never replaced by a death: what the test has raised on purpose, and the wish to end the session."""


class RuntestHooks:
    """Hooks of set-up, call and teardown."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, Any, Any]:
        """Skip the test for what the machine lacks; a death of a server that a fixture uses ends it."""
        __tracebackhide__ = True
        try:
            return (yield)
        except BaseException as error:
            if (explained := self._explained(error)) is not None:
                raise explained from None
            raise
        finally:
            if self._session.servers_used is not None:
                self._session.servers_used.disarm()

    @pytest.hookimpl(tryfirst=True, specname="pytest_runtest_setup")
    def pytest_runtest_setup_first(self, item: pytest.Item) -> None:
        """Require what it needs, and renew fixtures whose servers have died."""
        for words in [each.args for each in item.iter_markers("needs")]:
            from metricrig.pytest_plugin.needs_marker import require  # noqa: PLC0415 - only who has the marker

            for word in words:
                require(word)
        self._session.begin(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: object) -> Generator[None, Any, Any]:
        """Remember which fixture is being set up: rigs that are opened meanwhile are its own."""
        self._session.setting_up.append(fixturedef)
        try:
            return (yield)
        finally:
            self._session.setting_up.pop()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        """Let a death of one of its servers end the test."""
        __tracebackhide__ = True
        self._session.calling = True
        if self._session.servers_used is not None:
            self._session.servers_used.arm()
        try:
            result = yield
        except BaseException as error:
            if (explained := self._explained(error)) is not None:
                raise explained from None
            raise
        finally:
            self._session.calling = False
            if self._session.servers_used is not None:
                self._session.servers_used.disarm()
        servers_used = self._session.servers_used
        if servers_used is not None and (failure := servers_used.failure(trace=False)) is not None:
            raise failure
        return result

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Close rigs that the test has opened itself and has not closed: they are leaks."""
        try:
            return (yield)
        finally:
            servers_used, self._session.servers_used, self._session.item = self._session.servers_used, None, None
            self._session.ended = servers_used
            if servers_used is not None:
                servers_used.disarm()
                for each in servers_used.presences:
                    each.end()
            if servers_used is not None and servers_used.opened:
                from metricrig.pytest_plugin.leaks import close_leaked  # noqa: PLC0415 - only after a leak

                self._session.tally.leaks += close_leaked(servers_used.opened, item.nodeid)

    def pytest_unconfigure(self) -> None:
        """Stop listening to events."""
        self._session.end()

    def _explained(self, error: BaseException) -> BaseException | None:
        """The failure to raise instead of an error: a death, or a skip for what this machine lacks; else None."""
        servers_used = self._session.servers_used
        if servers_used is not None:
            from metricrig.pytest_plugin.interrupt import Interrupted  # noqa: PLC0415 - only a test with servers gets it

            if isinstance(error, Interrupted):
                return error.failure.with_traceback(error.__traceback__)
        if isinstance(error, _SAID_ON_PURPOSE):
            return None
        if servers_used is not None:
            servers_used.disarm()
            if (failure := servers_used.cause(error)) is not None:
                return failure
        if isinstance(error, Exception) and (skipped := self._skipped(error)) is not None:
            return skipped
        self._shorten(error)
        return None

    def _shorten(self, error: BaseException) -> None:
        """Have an error that metricrig has raised shown where the user has called it."""
        errors = sys.modules.get("metricrig._core.errors")
        if errors is not None and isinstance(error, errors.MetricrigError):
            from metricrig.pytest_plugin.frames import without_ours  # noqa: PLC0415 - only where something has failed

            error.__traceback__ = without_ours(error.__traceback__)

    def _skipped(self, error: Exception) -> BaseException | None:
        """A skip in place of an error that only says what this machine lacks; None in strict mode."""
        errors = sys.modules.get("metricrig._core.errors")
        if errors is None or self._session.settings.strict:
            return None
        causes: list[Any] = list(error.failures.values()) if isinstance(error, errors.StartFailed) else [error]
        if not all(isinstance(each, errors.Unavailable) for each in causes):
            return None
        from metricrig.pytest_plugin.needs_marker import excuses  # noqa: PLC0415 - only where something is lacking

        if not all(map(excuses, causes)):
            return None
        self._session.tally.lacking += [[each.what, each.remedy] for each in causes]
        return pytest.skip.Exception("\n".join(map(str, causes)))
