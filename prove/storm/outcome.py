"""What came of a storm, in words: what had to be reached, and the one line at the end."""

from collections.abc import Iterator, Sequence
from typing import Final

from prove.storm.plan import ACKS, FULL, HITS, START, STOP, Plan, Trouble, in_flight
from prove.storm.tally import Tally, percentile
from prove.verdict import Verdict

TURNS: Final = 4
"""Switches of a storm in which groups are large at times, at least: it goes on until there were so many."""


def shortcomings(plan: Plan, tally: Tally, points: Sequence[str]) -> Iterator[str]:
    """What the storm should have done to the server and has not: then it proves less than it says."""
    yield from undone(plan, tally, points)
    wanted = in_flight(plan.devices)
    if tally.in_flight and min(tally.in_flight) < wanted:
        yield f"a kill with {min(tally.in_flight)} sends in flight; {wanted} are wanted"
    if tally.between and min(tally.between) < ACKS:
        yield f"{min(tally.between)} acks between two kills; {ACKS} are wanted"


def undone(plan: Plan, tally: Tally, points: Sequence[str]) -> Iterator[str]:
    """What was planned and not done, on however slow a machine."""
    kills = sum(trouble.kind is Trouble.KILL for trouble in plan.troubles)
    if tally.kills < kills:
        yield f"{tally.kills} of {kills} kills"
    wanted = dict.fromkeys(wanted_points(plan, points), HITS) if kills >= FULL else {}
    planned = {trouble.point for trouble in plan.troubles if trouble.point}
    for point in sorted(planned | wanted.keys()):
        hits, least = tally.hits[point], wanted.get(point, 1)
        if hits < least:
            yield f"fail point {point} was hit {hits} times; {least} are wanted"


def large_undone(tally: Tally, large: bool) -> Iterator[str]:
    """What of large groups was not met, where there were to be any."""
    if not large:
        return
    if len(tally.turns) < TURNS:
        yield f"{len(tally.turns)} switches between large and small; {TURNS} are wanted"
    for what, count in (("event was fed", tally.fed), ("large group was compared", tally.large_states)):
        if not count:
            yield f"no {what}"


def wanted_points(plan: Plan, points: Sequence[str]) -> list[str]:
    """The points that a full run of this plan must hit."""
    kinds = {trouble.kind for trouble in plan.troubles}
    dying = [*points, START] if Trouble.KILL in kinds else []
    return [*dying, STOP] if Trouble.DRAIN in kinds else dying


def table(plan: Plan, tally: Tally, points: Sequence[str]) -> list[str]:
    """What was done to the server, line by line."""
    lines = ["point                  hits"]
    for point in wanted_points(plan, points):
        lines.append(f"{point:<22} {tally.hits[point]:>4}")
    done = ", ".join(f"{kind} {count}" for kind, count in sorted(tally.troubles.items()))
    lines.append(f"troubles: {done}")
    if tally.kills:
        lines.append(
            f"at each kill: {min(tally.in_flight)} sends in flight at least (median "
            f"{percentile(tally.in_flight, 0.5):.0f}); between kills {min(tally.between)} acks at least"
        )
        lines.append(
            f"until all were back: p50 {percentile(tally.back, 0.5) * 1000:.0f} ms, "
            f"p99 {percentile(tally.back, 0.99) * 1000:.0f} ms"
        )
    lines.append(
        f"answers {tally.answers}, refusals {tally.refused}, retries {tally.retries}, sessions {tally.sessions}, "
        f"events seen {tally.events}, group changes {tally.changes}, looked after acks {tally.probes}"
    )
    lines.append(
        f"edits {tally.rewordings['edited']}, deletions {tally.rewordings['deleted']}, "
        f"reactions {tally.rewordings['reaction']}, looked for texts {tally.looks}"
    )
    if tally.turns:
        ends = ", ".join(f"{code} {count}" for code, count in sorted(tally.feed_ends.items()))
        lines.append(
            f"switches {len(tally.turns)}, events fed {tally.fed}, nudges {tally.nudges}, "
            f"feeds ended: {ends or 'none'}, compared while large {tally.large_states}"
        )
    return lines


def line(plan: Plan, tally: Tally, verdict: Verdict) -> str:
    """The one line. reordered: P3 and P4; doubled: P6; recovery: from the death to the first ack after it."""
    counts = verdict.counts
    return (
        f"prove: kills={tally.kills} attempted={tally.attempted} acked={tally.acked} lost={counts['P1']} "
        f"doubled={counts['P6']} reordered={counts['P3'] + counts['P4']} gaps={counts['P7']} "
        f"recovery_p50_ms={percentile(tally.recovery, 0.5) * 1000:.0f} "
        f"recovery_p99_ms={percentile(tally.recovery, 0.99) * 1000:.0f} seed={plan.seed}"
    )
