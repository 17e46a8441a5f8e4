"""Files at the terminal: sent, and saved from messages."""

import asyncio
from pathlib import Path
from typing import Final

from chinwag.cli.chat import meant
from chinwag.cli.chat.meant import UsageProblem
from chinwag.cli.chat.room import Room
from chinwag.cli.chat.words import file_size
from chinwag.cli.clean import label
from chinwag.wire.values import Attach, Media, Message, UploadId

STEPS: Final = 4
"""How often it is told how much has arrived, of a file that takes long."""
LONG_BYTES: Final = 8 << 20


async def send(room: Room, words: list[str]) -> None:
    """Send a file, byte for byte as it is."""
    if not words:
        raise UsageProblem("/send FILE, or /send FILE: WORDS that stand below it")
    conversation = meant.here(room)
    path, caption = await asyncio.to_thread(_file, words[0])
    told = 0

    def progress(done: int, size: int) -> None:
        nonlocal told
        if size >= LONG_BYTES and done < size and done * STEPS // size > told:
            told = done * STEPS // size
            room.note(f"{label(path.name)}: {file_size(done)} of {file_size(size)}")

    try:
        upload = await room.client.upload(path, progress=progress)
    except OSError as error:
        raise UsageProblem(f"{label(str(path))} cannot be read: {error.strerror or error}") from None
    room.send(Attach(UploadId(upload.id), caption=caption), conversation, path.name)


async def save(room: Room, words: list[str]) -> None:
    """Write the file of a message into a new file: of the name that is given, or of its own, here."""
    if not words:
        raise UsageProblem("/save NUMBER, or /save NUMBER FILE")
    number, _, name = words[0].partition(" ")
    conversation, wanted = meant.message(room, [number], lambda _: True)
    held = room.mirror.conversations[conversation].messages.get(wanted)
    event = held if held is not None else await room.client.message(conversation, wanted)
    if not isinstance(event, Message) or not isinstance(event.body, Media):
        raise UsageProblem(f"[{wanted}] is no file.")
    target = _target(name.strip(), event.body.name)
    try:
        size = await room.client.save_media(conversation, wanted, target)
    except FileExistsError:
        raise UsageProblem(f"{label(str(target))} is there already: /save {wanted} OTHER NAME") from None
    except OSError as error:
        raise UsageProblem(f"{label(str(target))} cannot be written: {error.strerror or error}") from None
    room.note(f"{label(str(target))}: {file_size(size)}")


def _target(given: str, name: str) -> Path:
    return Path(given).expanduser() if given else Path(own_name(name))


def own_name(name: str) -> str:
    """A name that somebody else gave, as one of this folder that shows: no part of a path, nothing hidden."""
    kept = "".join(one for one in name if one.isprintable() and one not in '/\\:*?"<>|').strip(" .")
    while len(kept.encode()) > 200:
        kept = kept[:-1]
    return kept or "file"


def _file(given: str) -> tuple[Path, str]:
    """A file that is there, and what stands behind its name and a colon."""
    given = given.strip()
    whole = Path(given).expanduser()
    if whole.is_file():
        return whole, ""
    name, colon, caption = given.partition(": ")
    path = Path(name).expanduser()
    if colon and path.is_file():
        return path, caption.strip()
    raise UsageProblem(f"There is no file {label(name)}.")
