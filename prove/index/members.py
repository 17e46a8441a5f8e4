"""Who was in a conversation at which number, and who may read which: as its notices say, by the protocol's rules."""

from collections import defaultdict
from collections.abc import Iterable

from prove.ranges import FOREVER, Numbers, Range

Change = tuple[int, str, tuple[str, ...], str]
"""Number, kind, whom it concerns, and, as `history` of a `SeenNotice`, what it says besides."""


class Members:
    """known: False for a group whose beginning nobody read; then nothing can be said of its members."""

    def __init__(
        self,
        known: bool,
        audience: dict[str, Numbers],
        readable: dict[str, Numbers],
        inside: dict[str, Numbers] | None = None,
    ) -> None:
        self.known = known
        self.inside = audience if inside is None else inside
        """By account, the numbers at which it is in: from that of the event that brought it in to that of the one that
        brought it out, both included."""
        self.audience = audience
        """By account, the numbers of the events that come to its inbox: all at which it is in, but of a large group
        those alone that concern it."""
        self.readable = readable
        """By account, the numbers that it may read, for ever."""

    def gets(self, account: str, number: int) -> bool:
        """Whether the event of that number is for the account, copied to it or asked for."""
        numbers = self.inside.get(account)
        return numbers is not None and number in numbers

    def told(self, audience: dict[str, Numbers]) -> "Members":
        """The same members, of whom these alone get copies."""
        return Members(self.known, audience, self.readable, self.inside)

    def present(self, account: str) -> bool:
        """Whether it is a member at the end."""
        numbers = self.inside.get(account)
        return numbers is not None and numbers.last == FOREVER


def members_of(direct: tuple[str, str] | None, changes: Iterable[Change]) -> Members:
    """Of a direct conversation the two that its name names; of a group what its notices, in rising order, say.

    Who is in gets all events up to and with the one that says that it is out. It may read from where history was opened
    (from 1, if it always was), or from its own joining where the group's settings say "joined"; who was there at the
    creation reads all.
    """
    if direct is not None:
        always: list[Range] = [(1, FOREVER)]
        both = {account: Numbers(always) for account in direct}
        return Members(True, both, both)
    audience: dict[str, Numbers] = defaultdict(Numbers)
    readable: dict[str, Numbers] = defaultdict(Numbers)
    inside: dict[str, tuple[int, int]] = {}
    history, opened, known = "all", 1, False
    for number, change, subjects, told in changes:
        if change == "created":
            known = True
            history = told
        if told == "all" and history != "all":
            opened = number
        if told in ("all", "joined"):
            history = told
        for account in subjects:
            if change in ("created", "joined") and account not in inside:
                inside[account] = (number, 1 if change == "created" else opened if history == "all" else number)
            elif change in ("left", "removed") and account in inside:
                since, first = inside.pop(account)
                audience[account].add_range(since, number)
                readable[account].add_range(first, number)
    for account, (since, first) in inside.items():
        audience[account].add_range(since, FOREVER)
        readable[account].add_range(first, FOREVER)
    return Members(known, dict(audience), dict(readable))
