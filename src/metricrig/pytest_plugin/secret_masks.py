"""Secrets are masked in whatever a failed test's report says: reports are pasted into tickets and stay in CI's logs."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import pytest

MASK = "***"
_UNIQUE = 12
"""Characters. A secret that is shorter may be an ordinary word, and is masked in URLs only."""


def masked(text: str, secrets: Collection[str]) -> str:
    """The text without these secrets."""
    for secret in filter(None, secrets):
        before, after = ("", "") if len(secret) >= _UNIQUE else (":", "@")
        text = text.replace(f"{before}{secret}{after}", f"{before}{MASK}{after}")
    return text


def passwords(urls: Iterable[str]) -> set[str]:
    """The passwords in these URLs, as they stand there and as a server gets them."""
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - only who has given a URL needs it

    written = {urlsplit(each).password or "" for each in urls}
    return written | set(map(unquote, written))


def mask_report(report: pytest.TestReport, secrets: Collection[str]) -> None:
    """Mask everything that a report shows: what was raised, the source and the values there, and what was captured."""
    report.sections = [(title, masked(text, secrets)) for title, text in report.sections]
    if masked(report.longreprtext, secrets) != report.longreprtext:
        report.longrepr = _masked_within(report.longrepr, secrets)


def _masked_within(shown: Any, secrets: Collection[str]) -> Any:
    """The same tree of pytest's with other texts."""
    if isinstance(shown, str):
        return masked(shown, secrets)
    if isinstance(shown, list | tuple):
        return type(shown)(_masked_within(each, secrets) for each in shown)
    if is_dataclass(shown):
        for name, value in vars(shown).items():
            object.__setattr__(shown, name, _masked_within(value, secrets))
    return shown
