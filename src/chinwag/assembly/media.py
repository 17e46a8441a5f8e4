"""The store of media that an installation uses, for servers and for commands."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chinwag.assembly.media_store import opened_media_store
from chinwag.assembly.node import Legs
from chinwag.assembly.work_folder import work_folder
from chinwag.config import Config
from chinwag.flow.avatars.make import Avatars
from chinwag.flow.exported_media import Save
from chinwag.lasting import lasting_folder, new_file, new_folder
from chinwag.life.folder import MAKING, MEDIA
from chinwag.ports import Ports
from chinwag.ports.media_store import MediaStore, NoBlobError
from chinwag.ports.workshop import Workshop


def media_store_of(config: Config) -> MediaStore:
    """Open it. Raises OSError and `Told`."""
    return opened_media_store(config, config.data.path.expanduser() / MEDIA)


def avatars_on(ports: Ports, config: Config, legs: Legs, workshop: Workshop) -> Avatars:
    """The verbs about pictures of accounts and groups."""
    alone = config.store.profile == "embedded"  # then nobody else uses the folder
    folder = work_folder(config.data.path.expanduser() / MAKING, alone=alone)
    return Avatars(
        accounts=legs.accounts,
        accept=legs.accept,
        states=legs.states,
        store=ports.message_store,
        media=ports.media_store,
        workshop=workshop,
        folder=folder,
    )


@asynccontextmanager
async def saving(wanted: tuple[Config, Path] | None) -> AsyncIterator[Save | None]:
    """What keeps blobs of an installation in a folder, which is made; None if none is wanted. A file that is there
    already stays. One whose content does not fit its hash is left out."""
    if wanted is None:
        yield None
        return
    config, folder = wanted
    lasting_folder(folder.parent)
    new_folder(folder)
    media = media_store_of(config)

    async def save(hash_: str, name: str) -> bool:
        path = folder / name
        if path.exists():
            return True
        if await media.size(hash_) is None:
            return False
        digest = hashlib.sha256()
        try:
            with new_file(path) as file:
                async for piece in media.read(hash_):
                    digest.update(piece)
                    file.write(piece)
        except NoBlobError:
            path.unlink()
            return False
        if digest.hexdigest() != hash_:
            path.unlink()
            return False
        return True

    try:
        yield save
    finally:
        await media.close()
