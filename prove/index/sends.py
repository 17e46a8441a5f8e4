"""What was tried, and what came back of it."""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from prove.facts import Acked, Attempt, ChangeTried, Refused, Retry, Reused

NEVER: Final = 1 << 62
"""The turn of what did not happen."""
NOT_FOR_EVER: Final = frozenset(
    {
        # said of whoever asks, at the door; not of the send
        "unauthenticated",
        "token_expired",
        "revoked",
        "account_disabled",
        "wrong_session",
        # said to strangers, of whom nothing is kept
        "no_conversation",
        # said of what was asked beside, under the same id
        "id_reused",
        "out_of_turn",
    }
)
"""Refusals that are not retryable, or read so, and do not say that a send will never be placed."""


class Send(msgspec.Struct, gc=False):
    """One send or change, by its key (conversation, device, id), with all its tries and answers.

    turn: which of all first tries of the run it was. after: as its last try before its first ack named it. change: of a
    change its kind, "" of a message. number: of its first ack, 0 for none. acked_turn: how many first tries of the run
    there had been at its first ack; acked_at: when that came. answer: the last that came after the last try: none,
    acked, refused for good, refused for now (but not after a no for ever).
    refused: whether it ever was. never: the code with which it was first refused for ever, "" for none.
    """

    device: str
    account: str
    conversation: str
    id: str
    text: str
    after: str
    change: str
    turn: int
    tries: int = 1
    number: int = 0
    acked_turn: int = NEVER
    acked_at: int = NEVER
    refused: bool = False
    never: str = ""
    answer: Literal["none", "acked", "refused", "later"] = "none"
    mentions: tuple[str, ...] = ()
    reply_to: int = 0

    def __str__(self) -> str:
        return f"{self.change or 'send'} {self.id} of {self.device}"

    def fate(self) -> str:
        """What is known of it, for people."""
        tries = "tried once" if self.tries == 1 else f"tried {self.tries} times"
        if self.number:
            answer = f"acked as {self.number}"
        elif self.never:
            answer = f"refused for ever as {self.never}"
        else:
            answer = "refused, and never acked" if self.refused else "never answered"
        return f"{self.id}: {tries}, {answer}"


class _Lane(msgspec.Struct):
    """The sends of one device in one conversation. Holds each name once for all of them."""

    conversation: str
    device: str
    account: str
    sends: dict[str, Send]


class Sends:
    """All sends and changes of a run. The creation of a group is found under the group's name once it was acked."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._subjects: dict[int, tuple[str, ...]] = {}
        self._texts: set[tuple[str, str, str]] = set()
        self.count = 0
        self.acked_once = 0
        """Of these, how many were acked."""
        self.twice: list[Send] = []
        """First tries that the record has twice: whoever drove the run used an id again."""
        self.second_numbers: list[tuple[Send, str, int]] = []
        """Acks that gave another number, or another conversation, than the first ack of that send."""
        self.contradicted: list[tuple[Send, str]] = []
        """Sends that were refused for ever, and what else they were answered."""
        self.reused: list[Reused] = []
        """What was answered to something else under the id of a send that has its answer for ever."""
        self.mistaken: list[Send] = []
        """Sends that were refused as if they were something else under their id."""
        self.of_nothing: list[Acked] = []
        """Acks of what was never tried."""
        self.known_groups: set[str] = set()
        """Groups whose creation is in the record, and so are all their changes."""

    def all(self) -> Iterator[Send]:
        """Every one."""
        for lane in self._lanes.values():
            for send in lane.sends.values():
                if lane.conversation == send.conversation:
                    yield send

    def find(self, conversation: str, device: str, name: str) -> Send | None:
        """The send of that key."""
        lane = self._lanes.get((conversation, device))
        return None if lane is None else lane.sends.get(name)

    def wrote(self, conversation: str, account: str, text: str) -> bool:
        """Whether a device of the account tried to say that there, by a message or an edit. Ask when all facts are
        in."""
        if not self._texts:
            self._texts = {(send.conversation, send.account, send.text) for send in self.all()}
        return (conversation, account, text) in self._texts

    def subjects(self, send: Send) -> tuple[str, ...]:
        """Whom a change concerns."""
        return self._subjects.get(send.turn, ())

    def attempt(self, fact: Attempt) -> None:
        """A first try of a message."""
        self._put(fact, fact.text, fact.after, "", fact.mentions, fact.reply_to)

    def change(self, fact: ChangeTried) -> None:
        """A first try of a change."""
        self._subjects[self.count] = fact.subjects
        self._put(fact, fact.text, fact.after, fact.change, fact.mentions)

    def retry(self, fact: Retry) -> None:
        """One more try."""
        send = self.find(fact.conversation, fact.device, fact.id)
        if send is not None:
            send.tries += 1
            if fact.after is not None and not send.number:  # what comes after an ack placed nothing
                send.after = fact.after
            send.answer = "none"

    def acked(self, fact: Acked) -> Send | None:
        """An answer with a number: the send, if it is its first."""
        send = self.find(fact.conversation, fact.device, fact.id) or self._created(fact)
        if send is None:
            self.of_nothing.append(fact)
            return None
        send.answer = "acked"
        if send.never:
            self.contradicted.append((send, f"acked as {fact.number}"))
        if not send.number:
            self.acked_once += 1
            send.number = fact.number
            send.acked_turn, send.acked_at = self.count, fact.at
            return send
        if send.number != fact.number or send.conversation != fact.conversation:
            self.second_numbers.append((send, fact.conversation, fact.number))
        return None

    def reuse(self, fact: Reused) -> None:
        """Something else was asked under a used id."""
        self.reused.append(fact)

    def refusal(self, fact: Refused) -> None:
        """An answer without one."""
        send = self.find(fact.conversation, fact.device, fact.id)
        if send is not None and fact.code == "id_reused":
            self.mistaken.append(send)
        elif send is not None:
            send.refused = True
            if not fact.retryable and fact.code not in NOT_FOR_EVER:
                self._never(send, fact.code)
            # Out of turn is final for who does not send the one before again; and of two copies that were under way at
            # once the one may be told to try again after the other was refused for ever.
            later = fact.retryable and fact.code != "out_of_turn"
            if not (later and send.never and send.answer == "refused"):
                send.answer = "later" if later else "refused"

    def _never(self, send: Send, code: str) -> None:
        if send.number:
            self.contradicted.append((send, f"acked as {send.number}"))
        elif send.never and send.never != code:
            self.contradicted.append((send, f"refused as {code}"))
        send.never = send.never or code

    def _created(self, fact: Acked) -> Send | None:
        """The creation of which this is an ack: it was tried before its group had a name."""
        send = self.find("", fact.device, fact.id)
        if send is not None and not send.conversation:
            send.conversation = fact.conversation
            self._lane(fact.conversation, send.device, send.account).sends[send.id] = send
            self.known_groups.add(fact.conversation)
        return send

    def _put(
        self,
        fact: Attempt | ChangeTried,
        text: str,
        after: str,
        change: str,
        mentions: tuple[str, ...],
        reply_to: int = 0,
    ) -> None:
        lane = self._lane(fact.conversation, fact.device, fact.account)
        account = lane.account if fact.account == lane.account else fact.account
        before = lane.sends.get(after)
        if before is not None:
            after = before.id
        send = Send(
            lane.device,
            account,
            lane.conversation,
            fact.id,
            text,
            after,
            change,
            self.count,
            mentions=mentions,
            reply_to=reply_to,
        )
        if lane.sends.setdefault(send.id, send) is not send:
            self.twice.append(send)
        self.count += 1

    def _lane(self, conversation: str, device: str, account: str) -> _Lane:
        lane = self._lanes.get((conversation, device))
        if lane is None:
            lane = self._lanes[conversation, device] = _Lane(conversation, device, account, {})
        return lane
