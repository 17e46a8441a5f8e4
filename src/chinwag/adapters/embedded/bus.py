"""The Bus of one process: publications reach their subscribers on the next turn of the event loop."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from chinwag.ports.bus import Bus, Publication, Subject

WAITING_MAX: Final = 100_000
"""Publications of one turn of the loop; more are lost, as they may be."""

_log = structlog.get_logger(__name__)


class _Subscription:
    __slots__ = ("handler", "live")

    def __init__(self, handler: Callable[[Publication], None]) -> None:
        self.handler = handler
        self.live = True


class EmbeddedBus(Bus):
    """Made on the event loop on which handlers run."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._subscriptions: dict[Subject, tuple[_Subscription, ...]] = {}
        self._waiting: list[tuple[tuple[_Subscription, ...], Publication]] = []

    def publish(self, subject: Subject, publication: Publication) -> None:
        readers = self._subscriptions.get(subject)
        if readers is None:
            return
        if len(self._waiting) >= WAITING_MAX:
            _log.warning("a publication is lost", subject=subject)
            return
        self._waiting.append((readers, publication))
        if len(self._waiting) == 1:
            self._loop.call_soon(self._deliver)

    def subscribe(self, subject: Subject, handler: Callable[[Publication], None]) -> Callable[[], None]:
        subscription = _Subscription(handler)
        self._subscriptions[subject] = (*self._subscriptions.get(subject, ()), subscription)

        def unsubscribe() -> None:
            subscription.live = False
            left = tuple(other for other in self._subscriptions.get(subject, ()) if other is not subscription)
            if left:
                self._subscriptions[subject] = left
            else:
                self._subscriptions.pop(subject, None)

        return unsubscribe

    def on_interruption(self, handler: Callable[[], None]) -> None:
        """Nothing is lost between here and there but what `publish` could not take."""

    def _deliver(self) -> None:
        waiting, self._waiting = self._waiting, []
        for readers, publication in waiting:
            for subscription in readers:
                if not subscription.live:
                    continue
                try:
                    subscription.handler(publication)
                except Exception:
                    _log.exception("a publication could not be taken", publication=type(publication).__name__)
