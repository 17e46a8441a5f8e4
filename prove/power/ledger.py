"""What people asked of a server, and what it has confirmed to them: all that no power cut may take away."""

import asyncio

import msgspec


class Sent(msgspec.Struct):
    """A message that a device has sent. number: once it is acked, 0 before."""

    device: str
    conversation: str
    turn: int
    text: str
    number: int = 0


class Register(msgspec.Struct):
    """Something that one person changes and the server confirms: a profile, a friendship, an account.

    confirmed: the last value that was confirmed. tried: the one that was asked for and not answered, if there is one.
    """

    what: str
    confirmed: str
    tried: str | None = None


class Ledger:
    """One for all runs of a server on one disk."""

    def __init__(self) -> None:
        self.sent: dict[str, Sent] = {}
        """By the message's id, which is unique over all devices."""
        self.shown: dict[tuple[str, int], str] = {}
        """The id of each event that some device was shown, by conversation and number."""
        self.read: dict[tuple[str, str], int] = {}
        """The read mark that came back as an event, by account and conversation."""
        self.registers: dict[str, Register] = {}
        self.acked = 0
        self.marks = 0
        self.changes = 0
        self.faults: list[str] = []
        """What a device saw that it must never see."""
        self.sends_left = 0
        """Messages that may still be sent, by all devices."""
        self.moved = asyncio.Event()

    def ack(self, name: str, number: int) -> None:
        """The server has acked the message `name` as `number`."""
        sent = self.sent[name]
        if sent.number == 0:
            sent.number = number
            self.acked += 1
            self.moved.set()
        elif sent.number != number:
            self.faults.append(f"{name} was acked as {sent.number} and as {number}")

    def show(self, conversation: str, number: int, name: str) -> None:
        """A device was shown the event `number`."""
        known = self.shown.setdefault((conversation, number), name)
        if known != name:
            self.faults.append(f"{conversation} {number} was {known} and is {name}")

    def mark(self, account: str, conversation: str, number: int) -> None:
        """A read mark came back to its own account."""
        self.read[account, conversation] = max(number, self.read.get((account, conversation), 0))
        self.marks += 1

    def confirm(self, register: Register) -> None:
        """What the register tried was confirmed."""
        assert register.tried is not None
        register.confirmed, register.tried = register.tried, None
        self.changes += 1
        self.moved.set()
