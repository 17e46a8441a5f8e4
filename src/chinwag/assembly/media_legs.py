"""Media on their way, at one process: what takes uploads, what looks at them, what knows which message shows them."""

import asyncio

import msgspec

from chinwag.assembly.figures import Figures
from chinwag.assembly.part import Part
from chinwag.assembly.work_folder import work_folder
from chinwag.config import Config
from chinwag.domain.ids import Snowflake
from chinwag.flow.clock import system_clock
from chinwag.flow.history import History
from chinwag.flow.media.finish import Finish
from chinwag.flow.media.seeing import OwnMedia
from chinwag.flow.media.shown import ShownMedia
from chinwag.flow.media.uploads import UploadRules, Uploads
from chinwag.flow.sharing import Keeping
from chinwag.flow.standing import StandingWork
from chinwag.flow.states import States
from chinwag.life.folder import MEDIA_WORK
from chinwag.ports import Ports
from chinwag.ports.workshop import Workshop


class MediaLegs(msgspec.Struct, frozen=True, kw_only=True):
    """One of each for a process."""

    uploads: Uploads
    shown: ShownMedia
    own: OwnMedia


def media_legs_on(ports: Ports, config: Config, ids: Snowflake, states: States, keeping: Keeping) -> MediaLegs:
    """What whoever takes sends and uploads needs."""
    section = config.media
    rules = UploadRules(
        file_bytes=section.file_bytes,
        account_bytes=section.account_bytes,
        unfinished=section.unfinished,
        unsent=section.unsent,
        unfinished_hours=section.unfinished_hours,
    )
    uploads = Uploads(ports.directory, ports.upload_store, ids, system_clock, rules)
    shown = ShownMedia(ports.directory, History(ports.message_store, ports.mark_store, states, keeping))
    return MediaLegs(uploads=uploads, shown=shown, own=OwnMedia(ports.directory, uploads, shown, system_clock))


def looking_part(ports: Ports, config: Config, legs: MediaLegs, workshop: Workshop) -> Part:
    """Whole uploads are looked at, here or wherever nobody has begun."""
    # one of our own also below `work_path`: what is in it goes, and that may be a folder of many
    folder = ((config.media.work_path or config.data.path) / MEDIA_WORK).expanduser()
    alone = config.store.profile == "embedded" and config.media.work_path is None
    finish = Finish(
        ports.directory,
        ports.upload_store,
        ports.media_store,
        workshop,
        legs.uploads,
        system_clock,
        folder,
        config.media.free_percent / 100,
    )
    works = [StandingWork(job) for job in finish.jobs()]
    tasks: list[asyncio.Task[None]] = []

    async def start() -> None:
        await asyncio.to_thread(work_folder, folder, alone=alone)
        tasks.extend(asyncio.create_task(work.run(), name=work.job.name) for work in works)

    async def stop() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    return Part(
        name="media-finish",
        start=start,
        stop=stop,
        figures=Figures(
            counters={"uploads_finished": ("Uploads looked at and kept.", lambda: finish.finished)},
        ),
    )
