"""Errors of HTTP requests. Each is an ``OSError``, as those of the sockets are."""

from __future__ import annotations


class NotHttp(ConnectionError):
    """What the server said is not HTTP/1.1: ``str`` says where."""


class AnswerTooLarge(OSError):
    """The answer has more bytes, decompressed, than are taken."""

    def __init__(self, limit: int) -> None:
        mebibytes = limit / (1 << 20)
        super().__init__(
            f"its answer is larger than {mebibytes:g} MiB, so no more of it was read\n"
            f"  what to do: if it may be so large, METRICRIG_ANSWER_LIMIT={4 * mebibytes:g} in the environment allows"
            f" as many MiB"
        )


class OutOfTime(TimeoutError):
    """The whole answer had not come when the time was over; ``seen`` is what had."""

    def __init__(self, within: float, seen: str) -> None:
        self.within = within
        self.seen = seen
        nothing = seen == "nothing"
        super().__init__(f"no answer in {within:g} s" if nothing else f"no whole answer in {within:g} s: {seen}")


def plainly(error: OSError) -> str:
    """An error of a request in a few words."""
    if verdict := getattr(error, "verify_message", None):  # of ssl.SSLCertVerificationError
        return f"its certificate is not trusted: {verdict}"
    if isinstance(error, OutOfTime | NotHttp | AnswerTooLarge):
        return str(error)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (error.strerror or str(error) or type(error).__name__).lower()
