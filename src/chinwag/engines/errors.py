"""What can go wrong with an engine, in words for whoever wanted it."""

from chinwag.told import Told


class EngineError(Told):
    """An engine cannot be fetched, started or ended; the message says why and what to do."""


class PortTakenError(EngineError):
    """Another program listens there."""
