"""The housekeeping role on the ports of a process."""

import secrets

from chinwag.adapters.embedded import Embedded
from chinwag.config import Config
from chinwag.flow.clock import system_clock
from chinwag.flow.declines import Declines
from chinwag.flow.erase import Erase, ErasePorts
from chinwag.flow.own_commands import OwnCommands
from chinwag.flow.trim import Trim
from chinwag.ports.bus import NodeId
from chinwag.ports.directory import Directory
from chinwag.roles.housekeeping.housekeeping import Housekeeping
from chinwag.roles.housekeeping.jobs import declining_job, directory_jobs, erasing_jobs, trimming_job


def housekeeping_on(config: Config, stores: Embedded, directory: Directory) -> Housekeeping:
    """Every job of an installation. Answers to its commands go to names that are new at each start."""
    declining = Declines(directory, stores.message_store, stores.log, stores.bus, system_clock, _node("declines"))
    erasing = Erase(
        ErasePorts(
            directory=directory,
            store=stores.message_store,
            marks=stores.mark_store,
            inbox=stores.inbox,
            scrubs=(stores.scrub, directory),
        ),
        OwnCommands(stores.log, stores.bus, _node("erase")),
        system_clock,
        config.erasure.days,
    )
    jobs = [
        *directory_jobs(directory, stores.message_store, stores.inbox, system_clock),
        trimming_job(Trim(stores.inbox, system_clock, config.inbox.kept_days)),
        declining_job(declining),
        *erasing_jobs(erasing),
    ]
    return Housekeeping(jobs, stores.bus, (declining.listen, erasing.listen))


def _node(name: str) -> NodeId:
    return NodeId(f"{name}-{secrets.token_hex(8)}")
