"""The embedded stores of a data folder as parts, and as ports."""

from pathlib import Path
from typing import TYPE_CHECKING

from chinwag.adapters.files import FileKeyStore
from chinwag.assembly.part import Part
from chinwag.flow.clock import steady_clock
from chinwag.flow.own_allowances import OwnAllowances
from chinwag.flow.own_shown_people import OwnShownPeople
from chinwag.ports import Ports
from chinwag.ports.directory import Directory, ErasureStage
from chinwag.ports.media_store import MediaStore
from chinwag.ports.search_index import SearchIndex
from chinwag.ports.upload_store import UploadStore
from chinwag.roles.observe import Check

if TYPE_CHECKING:
    from chinwag.adapters.embedded import Embedded


def ports_on(
    embedded: "Embedded", directory: Directory, index: SearchIndex, data: Path, media: MediaStore, uploads: UploadStore
) -> Ports:
    """Every port of a process that has all of them in `data` and in memory; media may be elsewhere."""
    return Ports(
        log=embedded.log,
        message_store=embedded.message_store,
        mark_store=embedded.mark_store,
        inbox=embedded.inbox,
        directory=directory,
        media_store=media,
        upload_store=uploads,
        key_store=FileKeyStore(data / "keys"),
        allowances=OwnAllowances(steady_clock()),
        shown_people=OwnShownPeople(),
        bus=embedded.bus,
        registry=embedded.registry,
        questions=embedded.questions,
        search_index=index,
        scrubs=(embedded.scrub, directory, index),
        text_scrub=embedded.scrub,
    )


def store_part(embedded: "Embedded") -> Part:
    """The message store. Without it nothing is placed."""
    return Part(name="store", opened=True, stop=embedded.close, checks=[Check("store", embedded.message_store.check)])


def directory_part(directory: Directory) -> Part:
    """The directory. With it away, connected people go on chatting (P14 of docs/guarantees.md)."""

    async def check() -> None:
        async with directory.reading() as transaction:
            await transaction.erasures.page(ErasureStage.CLOSED, None, 1)

    return Part(name="directory", opened=True, stop=directory.close, checks=[Check("directory", check, needed=False)])


def media_part(media: MediaStore) -> Part:
    """Pictures, videos and files. With the store away people chat on, in texts."""

    async def check() -> None:
        await media.size("0" * 64)

    return Part(name="media", opened=True, stop=media.close, checks=[Check("media", check, needed=False)])


def search_part(index: SearchIndex) -> Part:
    """The search index. With it away people chat on, and find nothing."""

    async def check() -> None:
        await index.progress()

    return Part(name="search", opened=True, stop=index.close, checks=[Check("search", check, needed=False)])
