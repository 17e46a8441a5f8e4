"""What a picture, a video or a file is, as the server found it, and what its name may be."""

from typing import Final

import msgspec

from chinwag.domain.look_alike import without_hidden

NAME_CHARACTERS: Final = 255
"""The longest name of a file."""
NAMELESS: Final = "file"
"""What a file without a name is called."""

_JOINERS: Final = "\u200c\u200d"
"""Not printable by themselves; scripts and emoji need them (`without_hidden` takes those that join nothing)."""


class Traits(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What the server found in an upload. size: bytes of the original as it is stored. width, height: pixels as they
    are shown, 0 if it has none. duration: seconds. blur: a thumbhash, base64. bare: it was given as a picture, and
    nothing is left in it of what was written beside the picture, such as where it was taken."""

    media_type: str
    size: int
    width: int = 0
    height: int = 0
    duration: float = 0.0
    blur: str = ""
    bare: bool = False


def clean_name(name: str) -> str:
    """A file's name that misleads nobody: its last part only, no controls, nothing hidden or that turns the direction,
    at most 255 characters (the end, which says what it is, stays). Never empty."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1].encode(errors="replace").decode()
    shown = without_hidden("".join(one for one in last if one.isprintable() or one in _JOINERS)).strip(" .")
    if len(shown) > NAME_CHARACTERS:
        stem, dot, ending = shown.rpartition(".")
        ending = dot + ending if stem and len(ending) <= 16 else ""
        shown = shown[: NAME_CHARACTERS - len(ending)] + ending
    return shown or NAMELESS
