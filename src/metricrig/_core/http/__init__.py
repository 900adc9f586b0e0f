"""A client for HTTP/1.1, for pages, queries, writes and probes, with one deadline for each answer.

Not the standard library's: ``http.client`` takes 25 ms to import, more than Redis to start, and its timeout begins
anew with each byte: a server that trickles is never given up.
"""

from metricrig._core.http.connection import HttpConnection, get
from metricrig._core.http.errors import AnswerTooLarge, NotHttp, OutOfTime, plainly
from metricrig._core.http.exchange import HttpAnswer, HttpRequest

__all__ = ["AnswerTooLarge", "HttpAnswer", "HttpConnection", "HttpRequest", "NotHttp", "OutOfTime", "get", "plainly"]
