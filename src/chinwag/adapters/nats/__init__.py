"""What passes between processes on core NATS: the Bus, and one question to one node. Nothing here lasts."""

from chinwag.adapters.nats.bus import NatsBus
from chinwag.adapters.nats.connection import NatsConnection, NatsServers
from chinwag.adapters.nats.questions import NatsQuestions

__all__ = ["NatsBus", "NatsConnection", "NatsQuestions", "NatsServers"]
