"""`chinwag trace`: where one message is."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Annotated

import cyclopts
import msgspec
from cyclopts import Parameter

from chinwag.cli.out import Rows, aside, say
from chinwag.cli.profile import need_drivers
from chinwag.cli.settings import read_settings, with_settings
from chinwag.cli.words_only import words_only
from chinwag.domain.ids import ConversationId
from chinwag.domain.tracing import MemberTrace, Trace

app = cyclopts.App(name="trace")


@app.default
@with_settings("data", "store", "cluster", "postgres", "nats")
def trace(
    conversation: Annotated[str, Parameter(help="The conversation's id.")],
    number: Annotated[int, Parameter(help="The message's number there.")],
    *,
    json: Annotated[bool, Parameter(help="One JSON object instead of a table.", negative=())] = False,
    **flags: str | None,
) -> None:
    """Show where one message is for each member."""
    from chinwag.life.running import trace_of

    words_only()
    config = read_settings(flags).config
    if config.store.profile != "embedded":
        need_drivers(config)
        from chinwag.assembly.cluster.operators import cluster_trace

        found = asyncio.run(cluster_trace(config, ConversationId(conversation), number, aside))
    else:
        found = trace_of(config.data.path.expanduser(), ConversationId(conversation), number)
    if json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    say(
        f"{found.kind} {found.number} of {found.conversation} (head {found.head}), from {found.sender}, "
        f"accepted {_time(found.sent_at)}, stored"
    )
    if found.followers is not None:
        say(f"A large group: it is posted to those whom it concerns, followed now by {_sessions(found.followers)}.")
    _table(found).show()


def _sessions(count: int) -> str:
    return f"{count} session" if count == 1 else f"{count} sessions"


def _table(found: Trace) -> Rows:
    table = Rows("member", "posted at", "announced to", "delivered", "read")
    for member in found.members:
        table.add(
            member.account,
            "not among the newest" if member.position is None else str(member.position),
            _announced(member),
            _mark(member.delivered, member.delivered_at),
            _mark(member.read, member.read_at),
        )
    return table


def _announced(member: MemberTrace) -> str:
    behind = [f"{one.session} (at {one.position})" for one in member.behind]
    told = [one.session for one in member.sessions] + behind
    return ", ".join(told) or "nobody connected"


def _mark(covered: bool, at: int) -> str:
    return f"yes, by {_time(at)}" if covered else "no"


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC" if at_ms else "an earlier mark"
