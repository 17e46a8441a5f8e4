"""What was so when all was quiet, read afresh."""

from typing import Literal

from prove.facts.fact import Fact


class Quiet(Fact, frozen=True, gc=False, tag="quiet"):
    """The driver tried all it wanted, and waited as long as it ever does. online: devices that want to be connected
    and whose sends want answers; what of these did not come back, the checks find."""

    online: tuple[str, ...]
    at: int


class PresenceNow(Fact, frozen=True, gc=False, tag="presence"):
    """What was told over HTTP of an account's presence at the end. wanted: whether a device of it is connected."""

    account: str
    told: bool
    wanted: bool


class State(Fact, frozen=True, gc=False, tag="state"):
    """A device's state at one position: kept by events, and loaded afresh. place: a conversation, or "account".

    Both are texts that are equal if and only if the states are: canonical JSON, or "" where there is none.
    """

    device: str
    place: str
    position: int
    kept: str
    loaded: str


class HistoryMessage(Fact, frozen=True, gc=False, tag="hm"):
    """A message in the final history, as `reader` reads it, in the order of the pages. Fields as in `SeenMessage`."""

    reader: str
    conversation: str
    number: int
    ordinal: int
    sender: str
    device: str
    id: str
    text: str
    changed: int = 0


class HistoryNotice(Fact, frozen=True, gc=False, tag="hn"):
    """A notice (or other numbered event) in the final history, as `reader` reads it. Fields as in `SeenNotice`."""

    reader: str
    conversation: str
    number: int
    ordinal: int
    sender: str
    device: str
    id: str
    change: str
    subjects: tuple[str, ...]
    history: str
    text: str = ""


class HistoryEnd(Fact, frozen=True, gc=False, tag="he"):
    """All that `reader` can read of the conversation was given. head: the view's last number."""

    reader: str
    conversation: str
    head: int


class Paged(Fact, frozen=True, gc=False, tag="paged"):
    """Pages of messages and notices gave `reader` these numbers, and no others, from `first` to `last`. What they said
    is in a `Told` for each message."""

    reader: str
    conversation: str
    first: int
    last: int
    numbers: tuple[int, ...]


class Kept(Fact, frozen=True, gc=False, tag="kept"):
    """The device holds this of a message, by the events that came and what it loaded. Fields as in `SeenMessage`."""

    device: str
    conversation: str
    number: int
    sender: str
    text: str
    changed: int


class Searched(Fact, frozen=True, gc=False, tag="searched"):
    """With an index that said it was up to date, `reader` finds a word in these messages and no others: conversation
    and number. What they said is in a `Told` for each."""

    reader: str
    word: str
    found: tuple[tuple[str, int], ...]


class InboxRow(Fact, frozen=True, gc=False, tag="i"):
    """What stands at a position of an inbox at the end.

    kind: message, notice (any other numbered event too), read, delivered, account. number: of the event or the mark;
    a change's version. about: whose mark; what a change is about; "" else.
    """

    account: str
    position: int
    kind: Literal["message", "notice", "read", "delivered", "account"]
    conversation: str
    number: int
    about: str


class InboxEnd(Fact, frozen=True, gc=False, tag="ie"):
    """The inbox was given from after `floor` (0: from its beginning) to `head`, and all the account's histories too."""

    account: str
    epoch: int
    floor: int
    head: int
