"""What `chinwag cluster check` says of JetStream's streams: whether each is there, and as it was made."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from chinwag.adapters.nats.streams import COPIES_SECONDS, SECOND, Config, Kept
from chinwag.life.doctor.finding import Finding, Level, fail, ok, warn

_ANEW: Final = "nats stream rm NAME, for each of them, while no process runs: the next one that starts makes it anew"
"""Nothing that was acked is lost by that: it is in Cassandra by then. Devices load afresh."""


class _Rule(NamedTuple):
    """part: of a stream's settings. wrong: whether they are. words: what comes of it. advice: what to type."""

    part: str
    wrong: Callable[[Config], bool]
    words: str
    advice: str


_RULES: Final = (
    _Rule(
        "discard",
        lambda one: one.discard != "new" or bool(one.max_age) or one.max_msgs_per_subject > 0,
        "forget what nobody has read",
        "nats stream edit NAME --discard=new --max-age=0 --max-msgs-per-subject=-1, for each of them",
    ),
    _Rule("retention", lambda one: one.retention == "workqueue", "forget what one reader has read", _ANEW),
    _Rule(
        "retention",
        lambda one: one.retention not in ("limits", "workqueue"),
        "forget what comes while nobody reads",
        "nats stream edit NAME --retention=limits, for each of them",
    ),
    _Rule("storage", lambda one: one.storage != "file", "are in memory, and gone with the server", _ANEW),
    _Rule("storage", lambda one: one.persist_mode == "async", "ack before a record is on disk", _ANEW),
    _Rule(
        "limits",
        lambda one: one.max_msgs > 0 or one.max_msg_size >= 0,
        "refuse what is within their bytes",
        "nats stream edit NAME --max-msgs=-1 --max-msg-size=-1, for each of them",
    ),
    _Rule(
        "copies",
        lambda one: one.duplicate_window < COPIES_SECONDS * SECOND,
        "forget too soon which records they have",
        f"nats stream edit NAME --dupe-window={COPIES_SECONDS}s, for each of them",
    ),
    _Rule(
        "records",
        lambda one: one.sealed or one.deny_purge or one.no_ack,
        "are sealed, deny purging, or ack nothing: no process can work with them",
        _ANEW,
    ),
)


class Wanted(NamedTuple):
    """How many streams there must be, of what. kind: as the settings call it; partitions: so many; most: bytes that
    each may hold."""

    kind: str
    partitions: int
    replicas: int
    most: int


def stream_findings(
    wanted: Wanted, kept: Sequence[Kept], leaderless: Sequence[str], partition: Callable[[str], int]
) -> list[Finding]:
    """Whether the streams of a kind are as they were made. leaderless: names of those of which nobody could tell.
    partition: of a name."""
    subject = f"JetStream, streams of the {wanted.kind}"
    if not kept and not leaderless:
        return [fail(subject, "there are none", "chinwag cluster init")]
    found = _there(subject, wanted, {partition(name) for name in (*(one.config.name for one in kept), *leaderless)})
    if leaderless:
        found.append(
            fail(
                f"{subject}, leaders",
                f"{len(leaderless)} have none, such as {leaderless[0]}",
                "most of the servers that keep their copies are away or work without JetStream, as after a full disk: "
                "start them anew (`nats server report jetstream` says which)",
            )
        )
    fewer = [one.config.name for one in kept if one.config.num_replicas != wanted.replicas]
    if fewer:
        found.append(
            fail(
                f"{subject}, replicas",
                f"{len(fewer)} have another number than streams.replicas says ({wanted.replicas}), such as {fewer[0]}",
                f"nats stream edit NAME --replicas={wanted.replicas}, for each of them",
            )
        )
    for rule in _RULES:
        wrong = [one.config.name for one in kept if rule.wrong(one.config)]
        if wrong:
            found.append(fail(f"{subject}, {rule.part}", f"{len(wrong)} {rule.words}, such as {wrong[0]}", rule.advice))
    found += _others(subject, wanted, kept)
    return found if any(each.level is Level.FAIL for each in found) else [ok(subject, f"{len(kept)}"), *found]


def _there(subject: str, wanted: Wanted, partitions: set[int]) -> list[Finding]:
    missing = sorted(set(range(wanted.partitions)) - partitions)
    if not missing:
        return []
    return [
        fail(
            subject,
            f"{len(missing)} of {wanted.partitions} partitions have none, such as partition {missing[0]}",
            "somebody has deleted them: find out who. The process that works on such a partition makes a new one by "
            "itself, and all devices load afresh; if that stays so, see what its log says",
        )
    ]


def _others(subject: str, wanted: Wanted, kept: Sequence[Kept]) -> list[Finding]:
    """What works, but is not as it is told to be."""
    found: list[Finding] = []
    most = [one.config for one in kept if one.config.max_bytes != wanted.most]
    if most:
        found.append(
            warn(
                f"{subject}, bytes",
                f"{len(most)} may hold another amount than streams.{wanted.kind}_bytes says ({wanted.most:,}), such as "
                f"{most[0].name} ({most[0].max_bytes:,})",
                f"nats stream edit NAME --max-bytes={wanted.most}, for each of them, or correct the setting",
            )
        )
    if wanted.replicas < 3:
        found.append(
            warn(
                f"{subject}, replicas",
                str(wanted.replicas),
                "losing that server loses what was sent and not stored, and devices load afresh: 3 is what bears it",
            )
        )
    return found
