"""How writing fails."""

from __future__ import annotations

from metricrig._core.errors import MetricrigError


class WriteRejected(MetricrigError):
    """The server did not take a request.

    ``batch`` says which, ``status`` (0 without an answer) and ``body`` are what it said; ``delivered`` samples had
    been taken before.
    """

    def __init__(self, url: str, *, batch: str, status: int, body: str, delivered: int, why: str = "") -> None:
        self.url = url
        self.batch = batch
        self.status = status
        self.body = body
        self.delivered = delivered
        self.why = why
        reason = f"\n  {why}" if why else ""
        said = f"\n  it said: {body[:1000]}" if body else ""
        how = f"was answered with {status}" if status else "was not sent"
        super().__init__(f"{url}: {batch} {how}{said}{reason}\n  delivered before: {delivered} samples")

    def advised(self, advice: str) -> WriteRejected:
        """The same error, with what to do about it."""
        why = f"{self.why}\n  what to do: {advice}".strip() if advice else self.why
        return WriteRejected(
            self.url, batch=self.batch, status=self.status, body=self.body, delivered=self.delivered, why=why
        )


class WriteUncertain(MetricrigError):
    """A request was sent and no answer came: its samples may have been written, or not.

    It was not sent again, because a store that keeps duplicates would then have them twice.
    """

    def __init__(self, url: str, *, batch: str, what: str, delivered: int) -> None:
        self.url = url
        self.batch = batch
        self.delivered = delivered
        super().__init__(
            f"{url}: {batch} was sent and not answered: {what}\n"
            f"  its samples may have been written or not, so it was not sent again; "
            f"delivered before: {delivered} samples\n"
            f"  what to do: write into a fresh store, or say idempotent=True if this one drops duplicates"
        )
