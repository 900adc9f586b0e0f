"""The hooks that report: in a failed test's report, at the end of the session, for GitHub and for JUnit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from metricrig.pytest_plugin.session import Session


class ReportHooks:
    """Hooks around reports, and at the end of the session."""

    def __init__(self, session: Session, config: pytest.Config) -> None:
        self._session = session
        self._config = config
        self._annotations: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add to a failed test's report what its servers say; and hold the servers, if that was asked for."""
        report = yield
        given = self._session.settings.servers.values()
        servers_used = self._session.ended if report.when == "teardown" else self._session.servers_used
        if report.failed:
            self._session.failed += 1
        if servers_used is not None:
            from metricrig.pytest_plugin import failure_report  # noqa: PLC0415 - only for tests with servers
            from metricrig.pytest_plugin.frames import shorten  # noqa: PLC0415 - see above
            from metricrig.pytest_plugin.secret_masks import mask_report, passwords  # noqa: PLC0415 - see above

            new = [each for each in failure_report.properties(servers_used) if each not in item.user_properties]
            if report.when == "call" or report.failed:
                item.user_properties.extend(new)
            if report.failed:
                shorten(report, call)
                report.sections.extend(
                    failure_report.without_repeats(failure_report.sections(servers_used), report.longreprtext)
                )
                if servers_used.presences:
                    from metricrig.pytest_plugin.neighbours import advice  # noqa: PLC0415 - see above

                    report.sections.extend(advice(servers_used.presences, report.longreprtext))
                mask_report(report, passwords(given) | {each.secret for each in servers_used.instances()})
                if self._session.settings.hold:
                    from metricrig.pytest_plugin.hold_option import hold  # noqa: PLC0415 - only who wants it

                    hold(self._config, servers_used, str(call.excinfo.exconly() if call.excinfo else ""))
        elif report.failed and given:  # one that could not be attached to is used by nobody
            from metricrig.pytest_plugin.frames import shorten  # noqa: PLC0415 - see above
            from metricrig.pytest_plugin.secret_masks import mask_report, passwords  # noqa: PLC0415 - see above

            shorten(report, call)
            mask_report(report, passwords(given))
        if report.failed and "chaos" in vars(self._session):
            report.sections.extend(self._session.chaos.sections(item))
        return report

    def pytest_report_header(self) -> str | None:
        """The seed of chance, where somebody has chosen one."""
        seed = self._session.settings.chaos_seed
        return None if seed is None else f"metricrig: --rig-chaos-seed={seed}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """In the process that reports: remember what GitHub is to show beside the code."""
        if report.failed and os.environ.get("GITHUB_ACTIONS") == "true":
            from metricrig.pytest_plugin.github_annotations import annotation  # noqa: PLC0415 - only there

            self._annotations += annotation(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, Any]:
        """Stop what is this process's, and tell the controller what happened here, before xdist sends it."""
        if not self._session.has_live_fixtures:
            self._session.close()
        output: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if output is not None:
            from metricrig.pytest_plugin.xdist import KEY  # noqa: PLC0415 - only workers have an output

            output[KEY] = self._session.tally.plain()
        try:
            return (yield)
        finally:  # of an interrupted session pytest ends the fixtures just now
            self._session.close()
            self._say_what_was_left_out()

    def _say_what_was_left_out(self) -> None:
        """After pytest's own last line, which tells of skipped tests as if they were somebody's wish."""
        terminal: Any = self._config.pluginmanager.getplugin("terminalreporter")
        if self._session.tally.lacking and terminal is not None:
            from metricrig.pytest_plugin.summary import lacks  # noqa: PLC0415 - see below

            for line in lacks(self._session.tally):
                terminal.write_line(line, yellow=True)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line, and one more for each thing that should not have happened."""
        if self._session.tally:
            from metricrig.pytest_plugin.summary import lines  # noqa: PLC0415 - only if there is something to tell

            for line, alarming in lines(self._session.tally):
                terminalreporter.write_line(line, red=alarming)
        for line in self._annotations:
            terminalreporter.write_line(line)
