"""What can go wrong with an engine, in words for whoever wanted it."""

from chinwag.told import Told


class EngineError(Told):
    """An engine cannot be fetched, started or ended; the message says why and what to do."""


class StillEndingError(EngineError):
    """What is left of an earlier process is still about to end: try again in a moment."""


class PortTakenError(EngineError):
    """Another program listens there."""
