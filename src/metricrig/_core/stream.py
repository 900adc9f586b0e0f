"""The stream of events. Not the events themselves: the plugin listens in every run, and need not load them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metricrig._core.events import Event

    Listener = Callable[[Event], None]


class Stream:
    """Hands each event to every listener, in the order in which they came."""

    def __init__(self, parent: Stream | None = None) -> None:
        self._parent = parent
        self._listeners: tuple[Listener, ...] = ()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every event from now on; returns the function that ends it."""
        self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            self._listeners = tuple(each for each in self._listeners if each is not listener)

        return unsubscribe

    @contextlib.contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Subscribe for the length of a block."""
        unsubscribe = self.subscribe(listener)
        try:
            yield
        finally:
            unsubscribe()

    def emit(self, event: Event) -> None:
        """Tell everybody. A listener that fails is logged: a view must not break what it views."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                import logging  # noqa: PLC0415 - 3 ms of everybody's import

                logging.getLogger("metricrig").exception("a listener failed on %r", event)
        if self._parent is not None:
            self._parent.emit(event)


everything = Stream()
"""The stream on which every rig and every tool of this process reports."""
