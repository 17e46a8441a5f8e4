"""P12: after a fault heals, all comes back without a hand.

When the run is over: the server is up; every device that wants to be connected is; each of its sends has an answer that
is not "try again"; and everybody's presence is what it is. (That inboxes are read to their ends is P7.)
"""

from collections import Counter
from collections.abc import Iterator

from prove.facts import Fault
from prove.index.index import Index
from prove.violation import Violation


def comes_back(index: Index) -> Iterator[Violation]:
    """P12."""
    if index.quiet is None:
        yield _broken("the record ends before all was quiet: nothing is known of how it ended")
        return
    if index.disturbances and isinstance(last := index.disturbances[-1], Fault):
        yield _broken(f"after {last.name} {last.point} at {last.at} the server never came up")
    for name in index.quiet.online:
        device = index.devices.by_name.get(name)
        if device is None or not device.there_at(index.quiet.at):
            yield _broken(f"{name} has no session at the end")
    online = set(index.quiet.online)
    for send in index.sends.all():
        if send.device in online and send.answer in ("none", "later"):
            answer = "no answer" if send.answer == "none" else "no answer but to try again"
            yield _broken(f"{send} in {send.conversation} has {answer}")
    for (account, told, wanted), count in Counter((p.account, p.told, p.wanted) for p in index.presences).items():
        if told != wanted:
            words = ("offline", "online")
            yield _broken(f"{account} is told as {words[told]}, and is {words[wanted]} ({count} times)")


def _broken(what: str) -> Violation:
    return Violation("P12", what)
