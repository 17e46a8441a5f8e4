"""What passes between processes on core NATS: the Log, the Bus, and one question to one node. Nothing here lasts."""

from chinwag.adapters.nats.bus import NatsBus
from chinwag.adapters.nats.connection import NatsConnection, NatsServers
from chinwag.adapters.nats.log import NatsLog
from chinwag.adapters.nats.questions import NatsQuestions

__all__ = ["NatsBus", "NatsConnection", "NatsLog", "NatsQuestions", "NatsServers"]
