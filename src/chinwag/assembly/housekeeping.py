"""The housekeeping role as a part: every job of an installation."""

from chinwag.assembly.figures import Figures
from chinwag.assembly.openid import group_rules
from chinwag.assembly.part import Part
from chinwag.config import Config
from chinwag.domain.command import Rules
from chinwag.flow.clock import system_clock
from chinwag.flow.collecting.collect import Collect
from chinwag.flow.collecting.references import References
from chinwag.flow.declines import Declines
from chinwag.flow.erase import Erase, ErasePorts
from chinwag.flow.large.activity import Activity, Sizes
from chinwag.flow.large.forget_left import ForgetLeft
from chinwag.flow.large.heirs import Heirs
from chinwag.flow.openid.places import Places
from chinwag.flow.own_commands import OwnCommands
from chinwag.flow.search.indexer import Indexer
from chinwag.flow.trim import Trim
from chinwag.ports import Ports
from chinwag.ports.bus import NodeId, new_node
from chinwag.roles.housekeeping.housekeeping import Housekeeping
from chinwag.roles.housekeeping.jobs import (
    declining_job,
    directory_jobs,
    erasing_jobs,
    expiry_job,
    media_jobs,
    places_job,
    search_jobs,
    texts_job,
    trimming_job,
    uploads_job,
    wide_jobs,
)
from chinwag.roles.housekeeping.owned import OwnedJobs
from chinwag.roles.observe import Check


def housekeeping_part(ports: Ports, config: Config, node: NodeId | None = None) -> Part:
    """Every job of an installation, or those that the Registry says are `node`'s. Answers to its commands go to names
    that are new at each start."""
    declining = Declines(ports.directory, ports.message_store, ports.log, ports.bus, system_clock, new_node("declines"))
    collect = Collect(ports.directory, ports.media_store, system_clock)
    erasing = Erase(
        ErasePorts(
            directory=ports.directory,
            store=ports.message_store,
            marks=ports.mark_store,
            inbox=ports.inbox,
            scrubs=ports.scrubs,
            collect=collect.step,
        ),
        OwnCommands(ports.log, ports.bus, new_node("erase")),
        system_clock,
        config.erasure.days,
    )
    settling = OwnCommands(ports.log, ports.bus, new_node("settle"))
    limits = config.limits
    rules = Rules(
        group_members=limits.group_members,
        large_group_members=limits.large_group_members,
        wide_above=limits.wide_above,
        large_above=limits.large_above,
    )
    own = OwnCommands(ports.log, ports.bus, new_node("groups"))
    counting = Activity(
        ports.message_store,
        ports.mark_store,
        own,
        system_clock,
        Sizes(rules, limits.large_active, min(limits.small_below, limits.wide_above)),
    )
    heirs = Heirs(ports.message_store, own, system_clock)
    forgetting = ForgetLeft(ports.message_store, system_clock)
    places = Places(
        ports.directory,
        ports.message_store,
        OwnCommands(ports.log, ports.bus, new_node("places")),
        {name: group_rules(section) for name, section in config.openid.items()},
        rules,
        system_clock,
    )
    indexer = Indexer(ports.search_index, ports.inbox, ports.message_store, ports.log.partitions, system_clock)
    references = References(ports.directory, ports.inbox, ports.message_store, ports.log.partitions, system_clock)
    jobs = [
        *directory_jobs(ports.directory, ports.message_store, ports.inbox, settling, system_clock),
        trimming_job(Trim(ports.inbox, system_clock, config.inbox.kept_days)),
        declining_job(declining),
        places_job(places),
        expiry_job(ports.directory, system_clock),
        uploads_job(ports.directory, ports.upload_store, system_clock),
        *erasing_jobs(erasing),
        texts_job(ports.text_scrub, system_clock, config.erasure.days),
        *search_jobs(indexer, ports.search_index, system_clock, config.erasure.days),
        *media_jobs(references, collect),
        *wide_jobs(counting, heirs, forgetting),
    ]
    owned = None if node is None else OwnedJobs(ports.registry, node)
    if owned is not None:
        jobs = [owned.job(job) for job in jobs]
    keeping = Housekeeping(
        jobs, ports.bus, (declining.listen, erasing.listen, settling.listen, places.listen, own.listen)
    )

    async def start() -> None:
        keeping.start()
        if owned is not None:
            owned.watch(keeping.work)

    async def stop() -> None:
        if owned is not None:
            owned.stop()
        await keeping.stop()

    return Part(
        name="housekeeping",
        start=start,
        stop=stop,
        # With the directory away every job fails, and connected people go on chatting (P14 of docs/guarantees.md).
        checks=[Check("housekeeping", keeping.check, needed=False)],
        figures=Figures(
            counters={
                "job_steps": ("Steps of jobs done.", lambda: sum(work.steps for work in keeping.work)),
                "job_steps_failed": (
                    "Steps of jobs failed.",
                    lambda: sum(work.failed for work in keeping.work),
                ),
                "media_collected": ("Media deleted that nobody needed.", lambda: collect.blobs),
                "media_collected_bytes": ("Their bytes.", lambda: collect.bytes),
                "groups_made_large": ("Groups whose events are asked for since.", lambda: counting.made_large),
                "groups_made_small": ("Groups whose events are copied again since.", lambda: counting.made_small),
                "heirs": ("Groups without an owner that got one.", lambda: heirs.found),
                "joinings_forgotten": ("Joinings of who left, removed.", lambda: forgetting.forgotten),
                "search_messages_indexed": ("Messages written into the search index.", lambda: indexer.indexed),
            },
            gauges={
                "large_groups": ("Wide groups that were large at the last look.", lambda: heirs.large),
                "search_behind": (
                    "Events that the search index had not read at the last look.",
                    lambda: indexer.behind,
                ),
                "wide_groups": ("Wide groups at the last look.", lambda: heirs.wide),
            },
        ),
    )
