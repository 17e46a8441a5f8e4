"""Who here wants to know that a large group has moved. Listens only where groups are that somebody asked for."""

from collections.abc import Callable

import structlog

from chinwag.domain.ids import ConversationId
from chinwag.ports.bus import Bus, Counted, Moved, Publication, Subject, moved_of

Heard = Callable[[Moved], None]
HeardCounts = Callable[[Counted], None]

_log = structlog.get_logger(__name__)


class MovedHere:
    """One subscription for each subject of the Bus, as long as somebody wants something of it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._listening: dict[ConversationId, dict[Heard, HeardCounts | None]] = {}
        self._groups: dict[Subject, int] = {}
        self._stops: dict[Subject, Callable[[], None]] = {}

    def listen(self, conversation: ConversationId, heard: Heard, counted: HeardCounts | None = None) -> None:
        """Call `heard` whenever that group has moved, and `counted` when reactions there have been counted, until
        `unlisten`."""
        if conversation not in self._listening:
            subject = moved_of(conversation)
            self._groups[subject] = self._groups.get(subject, 0) + 1
            if subject not in self._stops:
                self._stops[subject] = self._bus.subscribe(subject, self._moved)
        self._listening.setdefault(conversation, {})[heard] = counted

    def unlisten(self, conversation: ConversationId, heard: Heard) -> None:
        """No more."""
        listening = self._listening[conversation]
        del listening[heard]
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
        if type(publication) is not Moved and type(publication) is not Counted:
            return
        for heard, counted in tuple(self._listening.get(publication.conversation, {}).items()):
            try:
                if type(publication) is Moved:
                    heard(publication)
                elif type(publication) is Counted and counted is not None:
                    counted(publication)
            except Exception:
                _log.exception("a group's moving could not be told", conversation=publication.conversation)
