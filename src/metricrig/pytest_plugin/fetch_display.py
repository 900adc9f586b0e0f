"""The display of fetches and of load: one live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from metricrig.pytest_plugin.fetch_news import BEGINS, ENDS, FAILS, GOES_ON, PASSED, PASSES

if TYPE_CHECKING:
    import pytest

    from metricrig.pytest_plugin.fetch_news import News

LIVE_EVERY = 0.1
"""Seconds between two changes of the live line."""
LINE_EVERY = 5.0
"""Seconds between two lines where nothing can be rewritten: in CI's log, in a file."""


class FetchDisplay:
    """What is fetched for the tests of this run and calls made by them, by whichever process, told by any thread."""

    def __init__(self, config: pytest.Config) -> None:
        self._terminal: Any = config.pluginmanager.getplugin("terminalreporter")
        self._capture: Any = config.pluginmanager.getplugin("capturemanager")
        self._turn = threading.Lock()
        self._said: dict[str, str] = {}
        """What is being fetched, and what was last said to begin."""
        self._next = 0.0
        self._live = False
        """Whether the cursor stands behind a line that will be rewritten."""

    def show(self, news: News) -> None:
        """Show it, if it is time."""
        with self._turn:
            if self._terminal is None or (news.kind in {PASSES, PASSED} and not self._terminal.isatty):
                return
            if not self._is_due(news, time.monotonic()):
                return
            # Tests are captured: what is written meanwhile would be taken for their own.
            open_ = self._capture.global_and_fixture_disabled() if self._capture else contextlib.nullcontext()
            with open_:
                self._write(f"metricrig: {news.line}", over=news.kind in {ENDS, FAILS, PASSED})

    def _is_due(self, news: News, now: float) -> bool:
        known = self._said.get(news.name)
        if news.kind == FAILS and known is None:
            return False  # it had nothing to fetch: the next source is asked
        if news.kind in {ENDS, FAILS, PASSED}:
            self._said.pop(news.name, None)
            return True
        is_new = known is None if news.kind in {GOES_ON, PASSES} else known != news.line
        if news.kind == BEGINS or known is None:
            self._said[news.name] = news.line
        if not is_new and now < self._next:
            return False
        self._next = now + (LIVE_EVERY if self._terminal.isatty else LINE_EVERY)
        return True

    def _write(self, line: str, *, over: bool) -> None:
        if not self._terminal.isatty:
            self._terminal.write_line(line)
        else:
            if not self._live:
                self._terminal.ensure_newline()
            width = self._terminal._tw.fullwidth - 1  # noqa: SLF001 - the one that rewrite goes by
            self._terminal.rewrite(line if len(line) <= width else f"{line[: width - 1]}…", erase=True)
            self._live = not over
            if over:
                self._terminal.write("\n")
        self._terminal.flush()
