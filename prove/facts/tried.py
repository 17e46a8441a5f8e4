"""What a run is, what was tried in it, and what came back."""

from prove.facts.fact import Fact


class Run(Fact, frozen=True, gc=False, tag="run"):
    """The first line. what: for people, what this run is, with the command that repeats it."""

    version: int
    seed: int
    what: str


class Keeps(Fact, frozen=True, gc=False, tag="keeps"):
    """Written first: the account shares with nobody how far it has read, all the time, and is told that of nobody."""

    account: str


class Attempt(Fact, frozen=True, gc=False, tag="try"):
    """A device sends a message for the first time: written before its frame, in the device's own order.

    after: the id that the send names as the one before it, "" for none. mentions: the accounts that its body names.
    reply_to: the number of the message that it answers. A direct conversation is named by its id also when the send
    only says to whom.
    """

    device: str
    account: str
    conversation: str
    id: str
    text: str
    after: str
    at: int
    mentions: tuple[str, ...] = ()
    reply_to: int = 0


class ChangeTried(Fact, frozen=True, gc=False, tag="change"):
    """A device asks for a change of a group or of a message for the first time: written before its frame or request.

    change: the kind of the notice or event that it becomes: created, joined, left, removed, role, title, settings;
    edited, deleted, reaction, pinned. subjects: whom it concerns; of `created` all members, the creator too; of what is
    done to a message its number. text, after, mentions: of an edit, as those of a message; the text of a reaction or a
    pin is "+" or "-", and the emoji. conversation: "" for `created`, whose
    group has no name yet. id: that of the frame, or the request's `Idempotency-Key`.
    """

    device: str
    account: str
    conversation: str
    id: str
    change: str
    subjects: tuple[str, ...]
    at: int
    text: str = ""
    after: str = ""
    mentions: tuple[str, ...] = ()


class Retry(Fact, frozen=True, gc=False, tag="again"):
    """A send or a change goes out again with the same id, on this session (0: as a request of its own).

    after: the id that it names as the one before it now; None: as at the first try.
    """

    device: str
    conversation: str
    id: str
    session: int
    at: int
    after: str | None = None


class Acked(Fact, frozen=True, gc=False, tag="ack"):
    """An answer that gave a number, to a send or a change, first try or retry. Every one is written, also the second.

    session: by which the answer came, 0 for a request of its own.
    """

    device: str
    conversation: str
    id: str
    number: int
    sent_at: int
    session: int
    at: int


class Refused(Fact, frozen=True, gc=False, tag="no"):
    """An answer that refused. retryable: as the server said; then the same id may be tried again."""

    device: str
    conversation: str
    id: str
    code: str
    retryable: bool
    at: int


class Reused(Fact, frozen=True, gc=False, tag="reuse"):
    """Something else was asked under an id that has its answer for ever, and this came back. code: "" for an ack."""

    device: str
    conversation: str
    id: str
    code: str
    retryable: bool
    at: int
