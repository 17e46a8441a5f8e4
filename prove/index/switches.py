"""What is on in a conversation: reactions of accounts to messages, and pins. Each event puts one on or takes it off.

Asked for once more it is acked with the last number there was, and nothing new stands anywhere. In a large group a
reaction takes no number at all: from there on events do not say what is on.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from prove.index.changed import SWITCHES
from prove.index.rows import Row
from prove.index.sends import Send
from prove.ranges import FOREVER


class Switch(msgspec.Struct, frozen=True):
    """account: whose reaction it is; "" of a pin, which is everybody's. what: the emoji, "" of a pin."""

    target: int
    account: str
    what: str


class Again(msgspec.Struct, frozen=True):
    """An event that changes nothing: what it says was so since event `since`, 0: ever."""

    number: int
    since: int


class Switches:
    """Of one conversation, from 1 as far as rows follow each other without a hole. `whole`: up to which number.
    `counted`: up to which rows tell of all reactions too."""

    def __init__(self, rows: Mapping[int, Row], counted: int = FOREVER) -> None:
        """counted: from the number after this one on, reactions took none for a while."""
        self.again: Final[list[Again]] = []
        self._steps: defaultdict[Switch, list[tuple[int, bool]]] = defaultdict(list)
        self._of: defaultdict[int, set[Switch]] = defaultdict(set)
        self.counted = counted
        number = 1
        while (row := rows.get(number)) is not None:
            if row.change in SWITCHES or row.change == "deleted":
                for subject in row.subjects:
                    self._row(number, row, int(subject))
            number += 1
        self.whole: Final = number - 1
        self.counted = min(counted, self.whole)

    def is_on(self, switch: Switch, head: int) -> bool:
        """Whether it is on as of event `head`."""
        return bool(self._since(switch, head))

    def holds(self, send: Send, subject: str, head: int) -> bool:
        """Whether what the send asks for of a message is so as of event `head`, or that cannot be said."""
        known = self.counted if send.change == "reaction" else self.whole
        return head > known or self.is_on(_switch(send.account, send, int(subject)), head) == on(send.text)

    def on_message(self, target: int, head: int) -> dict[str, list[str]]:
        """Who has which reaction on a message as of event `head`, in the order in which they put it on."""
        since = sorted(
            (at, one.what, one.account) for one in self._of[target] if one.account and (at := self._since(one, head))
        )
        found: dict[str, list[str]] = {}
        for _, what, account in since:
            found.setdefault(what, []).append(account)
        return found

    def _since(self, switch: Switch, head: int) -> int:
        """The number of the event that put it on, 0 if it is off."""
        last = next((step for step in reversed(self._steps.get(switch, ())) if step[0] <= head), (0, False))
        return last[0] if last[1] else 0

    def _row(self, number: int, row: Row, target: int) -> None:
        if row.change == "deleted":
            for each in self._of[target]:
                self._steps[each].append((number, False))
            return
        if row.change == "reaction" and number > self.counted:
            return
        switch = _switch(row.sender, row, target)
        steps = self._steps[switch]
        if (steps[-1][1] if steps else False) == on(row.text):
            self.again.append(Again(number, steps[-1][0] if steps else 0))
            return
        steps.append((number, on(row.text)))
        self._of[target].add(switch)


class _Said(Protocol):
    @property
    def change(self) -> str: ...
    @property
    def text(self) -> str: ...


def on(text: str) -> bool:
    """Whether that puts something on."""
    return text.startswith("+")


def _switch(account: str, said: _Said, target: int) -> Switch:
    return Switch(target, account if said.change == "reaction" else "", said.text[1:])
