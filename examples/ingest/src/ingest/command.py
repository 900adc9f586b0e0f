"""``ingest``: one sample, one exit code."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

from ingest.errors import IngestError, InvalidSample
from ingest.retrying import Patience
from ingest.sample import Sample, milliseconds
from ingest.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = """\
exit codes:
  0  the store has the sample
  2  wrong arguments: nothing was sent
  3  nobody listens at the URL, or the connection broke, until --within had passed
  4  the store has refused the sample (4xx)
  5  the store was overloaded (429, 5xx) until --within had passed
  6  the store did not answer: whether it has the sample is not known
"""


def main(words: Sequence[str] | None = None) -> int:
    """Write one sample, and say what came of it."""
    asked = _parser().parse_args(words)
    try:
        sample = _sample(asked)
        patience = Patience(asked.timeout, asked.within)
        with Writer(asked.metrics_url, patience, on_retry=_say if asked.verbose else None) as writer:
            writer.write(sample)
    except IngestError as error:
        sys.stderr.write(f"ingest: {error}\n")
        return error.exit_code
    sys.stdout.write("Metric ingested successfully\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ingest",
        description="Write one sample into a store by Prometheus remote write.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--metrics-url", metavar="URL", required=True, help="of the store; without a path, /api/v1/write is its path")
    add("--metric-name", metavar="NAME", required=True)
    add("--value", metavar="NUMBER", type=float, required=True)
    add("--label", metavar="NAME=VALUE", action="append", default=[], help="may be given several times")
    add("--timestamp", metavar="SECONDS", type=float, help="since 1970, now unless given")
    add("--timeout", metavar="SECONDS", type=_positive, default=5.0, help="for one try (%(default)g)")
    add("--within", metavar="SECONDS", type=_positive, default=15.0, help="for all tries together (%(default)g)")
    add("--verbose", action="store_true", help="say why something is tried again")
    return parser


def _sample(asked: argparse.Namespace) -> Sample:
    labels: dict[str, str] = {}
    for word in asked.label:
        name, sign, value = word.partition("=")
        if not sign:
            raise InvalidSample(f"--label {word}: expected NAME=VALUE, such as status=ok")
        if name in labels:
            raise InvalidSample(f"--label {name} is given twice")
        labels[name] = value
    return Sample(asked.metric_name, asked.value, labels, milliseconds(asked.timestamp))


def _positive(word: str) -> float:
    number = float(word)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, not {word}")
    return number


def _say(failure: IngestError, pause: float) -> None:
    sys.stderr.write(f"ingest: {failure}; again in {pause:.2g} s\n")


def run() -> NoReturn:
    """The console script."""
    raise SystemExit(main())
