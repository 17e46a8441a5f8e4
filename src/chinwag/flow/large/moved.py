"""Who here wants to know that a large group has moved. Listens only where groups are that somebody asked for."""

from collections.abc import Callable

import structlog

from chinwag.domain.ids import ConversationId
from chinwag.ports.bus import Bus, Moved, Publication, Subject, moved_of

Heard = Callable[[Moved], None]

_log = structlog.get_logger(__name__)


class MovedHere:
    """One subscription for each subject of the Bus, as long as somebody wants something of it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._listening: dict[ConversationId, list[Heard]] = {}
        self._groups: dict[Subject, int] = {}
        self._stops: dict[Subject, Callable[[], None]] = {}

    def listen(self, conversation: ConversationId, heard: Heard) -> None:
        """Call `heard` whenever that group has moved, until `unlisten`."""
        if conversation not in self._listening:
            subject = moved_of(conversation)
            self._groups[subject] = self._groups.get(subject, 0) + 1
            if subject not in self._stops:
                self._stops[subject] = self._bus.subscribe(subject, self._moved)
        self._listening.setdefault(conversation, []).append(heard)

    def unlisten(self, conversation: ConversationId, heard: Heard) -> None:
        """No more."""
        listening = self._listening[conversation]
        listening.remove(heard)
        if listening:
            return
        del self._listening[conversation]
        subject = moved_of(conversation)
        self._groups[subject] -= 1
        if not self._groups[subject]:
            del self._groups[subject]
            self._stops.pop(subject)()

    def stop(self) -> None:
        """Listen no longer."""
        for stop in self._stops.values():
            stop()
        self._stops = {}

    def _moved(self, publication: Publication) -> None:
        if type(publication) is not Moved:
            return
        for heard in tuple(self._listening.get(publication.conversation, ())):
            try:
                heard(publication)
            except Exception:
                _log.exception("a group's moving could not be told", conversation=publication.conversation)
