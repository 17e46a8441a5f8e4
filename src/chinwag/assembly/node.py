"""What the roles of one process share: whatever lets people in and takes what they ask, wherever they come from."""

import asyncio
from collections.abc import Sequence

import msgspec

from chinwag.assembly.figures import Figures
from chinwag.assembly.large import LargeLegs, large_legs_on
from chinwag.assembly.media_legs import MediaLegs, media_legs_on
from chinwag.assembly.part import Part
from chinwag.assembly.push import hears_reads
from chinwag.assembly.rates import own_share
from chinwag.config import Config
from chinwag.domain.ids import Snowflake
from chinwag.domain.rate import Rate
from chinwag.flow.accept import REACTIONS, Accept, AcceptRules
from chinwag.flow.access.admission import Admission
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.access.tickets import Tickets
from chinwag.flow.access.watch_keys import watching_keys
from chinwag.flow.additions import Additions
from chinwag.flow.clock import system_clock
from chinwag.flow.fan_out import FanOut
from chinwag.flow.marks import MarkFlow
from chinwag.flow.permits import Permits
from chinwag.flow.sharing import Keeping, Sharing
from chinwag.flow.standing import StandingWork
from chinwag.flow.states import States
from chinwag.ports import Ports
from chinwag.ports.bus import NodeId
from chinwag.roles.budgets import TYPING, BudgetRules, Budgets
from chinwag.roles.observe import Check


class Legs(msgspec.Struct, frozen=True, kw_only=True):
    """One of each for a process, whichever of its roles call it."""

    node: NodeId
    ids: Snowflake
    accounts: Accounts
    admission: Admission
    tickets: Tickets
    budgets: Budgets
    states: States
    keeping: Keeping
    accept: Accept
    fan_out: FanOut
    marks: MarkFlow
    media: MediaLegs
    large: LargeLegs


def legs_on(
    ports: Ports, config: Config, accounts: Accounts, node: NodeId, ids: Snowflake, *, shared: bool = False
) -> Legs:
    """`node` is the process's own name, new at each start. shared: whether other gateways share its address."""
    limits, messages = config.limits, config.messages
    states = States(ports.message_store)
    on_read = hears_reads(ports.bus, config)
    keeping = Sharing(ports.directory).keeping
    media = media_legs_on(ports, config, ids, states, keeping)
    return Legs(
        node=node,
        ids=ids,
        accounts=accounts,
        admission=Admission(accounts.tokens, ports.directory, ports.bus, system_clock),
        tickets=Tickets(accounts.tokens.keys, system_clock, node, shared),
        budgets=Budgets(
            BudgetRules(
                requests=own_share(config, Rate(limits.requests_per_second, limits.requests_burst)),
                marks=own_share(config, Rate(limits.marks_per_second, limits.marks_burst)),
                typing=own_share(config, TYPING),
                strangers=own_share(config, Rate(limits.strangers_per_second, limits.strangers_burst)),
                account_share=limits.account_share,
            )
        ),
        states=states,
        keeping=keeping,
        accept=Accept(
            node,
            ports.log,
            ports.bus,
            ports.message_store,
            states,
            Permits(
                ports.directory,
                ports.message_store,
                Additions(
                    ports.allowances,
                    Rate(limits.adding_per_second, limits.adding_burst),
                    Rate(limits.added_per_second, limits.added_burst),
                ),
            ),
            AcceptRules(
                text_characters=limits.text_characters,
                group_members=limits.group_members,
                large_group_members=limits.large_group_members,
                wide_above=limits.wide_above,
                large_above=limits.large_above,
                edit_hours=messages.edit_hours,
                delete_hours=messages.delete_hours,
                sends=own_share(config, Rate(limits.sends_per_second, limits.sends_burst)),
                reactions=own_share(config, REACTIONS),
                account_share=limits.account_share,
            ),
            system_clock,
            media=media.own,
        ),
        media=media,
        large=large_legs_on(ports, states),
        fan_out=FanOut(ports.inbox, ports.bus),
        marks=MarkFlow(ports.message_store, ports.mark_store, ports.inbox, states, system_clock, keeping, on_read),
    )


def node_part(legs: Legs, ports: Ports, checks: Sequence[Check] = ()) -> Part:
    """Started before the roles that call it, and stopped when nobody asks any longer. checks: of what it needs."""
    accept, fan_out, marks = legs.accept, legs.fan_out, legs.marks
    large = legs.large
    watching = StandingWork(watching_keys(legs.accounts.tokens.keys, ports.bus, system_clock))
    looking = StandingWork(large.feeds.job)
    wide = StandingWork(large.old.own.job)
    tasks: list[asyncio.Task[None]] = []

    async def start() -> None:
        accept.start()
        tasks.append(asyncio.create_task(marks.run(), name="marks"))
        tasks.append(asyncio.create_task(watching.run(), name="keys"))
        tasks.append(asyncio.create_task(looking.run(), name="feeds"))
        tasks.append(asyncio.create_task(wide.run(), name="wide groups"))

    async def stop() -> None:
        watching.finish()
        looking.finish()
        wide.finish()
        large.feeds.stop()
        large.watches.stop()
        large.old.stop()
        large.moved.stop()
        marks.stop()
        try:
            await asyncio.gather(*tasks)
        finally:
            fan_out.stop()
            legs.admission.close()
            # Whoever asked has gone by now; what is in the log is placed all the same.
            await accept.stop(0)

    return Part(
        name="node",
        start=start,
        stop=stop,
        checks=checks,
        figures=Figures(
            counters={
                "accepted": ("Commands handed to the log.", lambda: accept.accepted),
                "appended_again": ("Commands handed to the log again, for want of an answer.", lambda: accept.repeated),
                "announced": ("Events announced to accounts connected here.", lambda: fan_out.events),
                "delivered_marks": ("Delivered marks moved.", lambda: marks.deliveries),
                "followed_read": ("Events of followed groups read, once for all.", lambda: large.feeds.figures.read),
                "followed_given": ("Events given to who follows.", lambda: large.feeds.figures.given),
                "followed_slow": ("Follows ended, as a session took in too little.", lambda: large.feeds.figures.slow),
                "nudges": ("Nudges given to who watches.", lambda: large.watches.nudges),
                "read_marks": ("Read marks moved.", lambda: marks.reads),
            },
            gauges={
                "answers_waiting": ("Commands whose answer is awaited.", lambda: accept.waiting),
                "followed_groups": ("Large groups that are followed.", lambda: len(large.feeds)),
                "followers": ("Follows that are on.", lambda: large.feeds.followers),
                "old_clients": ("Clients here that know no large groups.", lambda: len(large.old)),
                "watched_groups": ("Large groups that are watched.", lambda: len(large.watches)),
            },
            histograms={
                "answer_seconds": ("From accept to the answer.", lambda: [accept.to_answer]),
                "delivery_seconds": ("From accept until a device says it has it.", lambda: [marks.to_delivery]),
            },
        ),
    )
