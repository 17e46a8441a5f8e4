"""The Python client: typed, asynchronous, and patient with networks.

`Client` is one device: it logs in, sends with an outbox, gives events in order, and reconnects by itself.
`Mirror` is the state of all conversations, as those events make it.
"""

from chinwag.client.address import BadAddress, server_address
from chinwag.client.client import Client
from chinwag.client.conversations import History
from chinwag.client.credentials import Credentials
from chinwag.client.errors import ApiError, ClientClosed, LoggedOut, OutboxFull, StoreDamaged, StoreInUse, Unreachable
from chinwag.client.events import (
    Fed,
    FeedBegan,
    FeedEnded,
    FeedFar,
    LoadAfresh,
    Offline,
    Online,
    Slowed,
    Unknown,
    Update,
)
from chinwag.client.follow import catch_up, load, open_large, recount, take, watch
from chinwag.client.membership import Mirrored
from chinwag.client.mirror import Mirror
from chinwag.client.outbox import LeftOver, Pending
from chinwag.client.search import Found, FoundMessage
from chinwag.wire.frames import Counts
from chinwag.wire.large import GroupHead

__all__ = [
    "ApiError",
    "BadAddress",
    "Client",
    "ClientClosed",
    "Counts",
    "Credentials",
    "Fed",
    "FeedBegan",
    "FeedEnded",
    "FeedFar",
    "Found",
    "FoundMessage",
    "GroupHead",
    "History",
    "LeftOver",
    "LoadAfresh",
    "LoggedOut",
    "Mirror",
    "Mirrored",
    "Offline",
    "Online",
    "OutboxFull",
    "Pending",
    "Slowed",
    "StoreDamaged",
    "StoreInUse",
    "Unknown",
    "Unreachable",
    "Update",
    "catch_up",
    "load",
    "open_large",
    "recount",
    "server_address",
    "take",
    "watch",
]
