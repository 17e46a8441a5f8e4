"""Reactions: one emoji each, and in one form only.

An emoji is what people see as one: a pictograph, perhaps with a skin tone, or several joined by U+200D; a flag; a
keycap. Each form here is a sequence of UTS 51 and one extended grapheme cluster (UAX 29). Other clusters may hold an
emoji and marks without end, which would be drawn over their neighbours: they are none.
"""

from bisect import bisect_right
from typing import Final

from chinwag.domain.refusal import Code, Refused

CHARACTERS: Final = 32
"""The longest reaction, in code points; of those in use none has half as many."""

_SHOWN_AS_EMOJI: Final = "\ufe0f"
"""Says how the character before it is drawn. It is left out: with and without it, a reaction is the same."""

_PICTOGRAPHS: Final = """
    a9 ae 203c 2049 2122 2139 2194-2199 21a9-21aa 231a-231b 2328 23cf 23e9-23f3 23f8-23fa 24c2 25aa-25ab 25b6 25c0
    25fb-25fe 2600-2604 260e 2611 2614-2615 2618 261d 2620 2622-2623 2626 262a 262e-262f 2638-263a 2640 2642
    2648-2653 265f-2660 2663 2665-2666 2668 267b 267e-267f 2692-2697 2699 269b-269c 26a0-26a1 26a7 26aa-26ab
    26b0-26b1 26bd-26be 26c4-26c5 26c8 26ce-26cf 26d1 26d3-26d4 26e9-26ea 26f0-26f5 26f7-26fa 26fd 2702 2705
    2708-270d 270f 2712 2714 2716 271d 2721 2728 2733-2734 2744 2747 274c 274e 2753-2755 2757 2763-2764 2795-2797
    27a1 27b0 27bf 2934-2935 2b05-2b07 2b1b-2b1c 2b50 2b55 3030 303d 3297 3299 1f004 1f02c-1f02f 1f094-1f09f
    1f0af-1f0b0 1f0c0 1f0cf-1f0d0 1f0f6-1f0ff 1f170-1f171 1f17e-1f17f 1f18e 1f191-1f19a 1f1ae-1f1e5 1f201-1f20f
    1f21a 1f22f 1f232-1f23a 1f23c-1f23f 1f249-1f25f 1f266-1f321 1f324-1f393 1f396-1f397 1f399-1f39b 1f39e-1f3f0
    1f3f3-1f3f5 1f3f7-1f3fa 1f400-1f4fd 1f4ff-1f53d 1f549-1f54e 1f550-1f567 1f56f-1f570 1f573-1f57a 1f587
    1f58a-1f58d 1f590 1f595-1f596 1f5a4-1f5a5 1f5a8 1f5b1-1f5b2 1f5bc 1f5c2-1f5c4 1f5d1-1f5d3 1f5dc-1f5de 1f5e1
    1f5e3 1f5e8 1f5ef 1f5f3 1f5fa-1f64f 1f680-1f6c5 1f6cb-1f6d2 1f6d5-1f6e5 1f6e9 1f6eb-1f6f0 1f6f3-1f6ff
    1f7da-1f7ff 1f80c-1f80f 1f848-1f84f 1f85a-1f85f 1f888-1f88f 1f8ae-1f8af 1f8bc-1f8bf 1f8c2-1f8cf 1f8d9-1f8ff
    1f90c-1f93a 1f93c-1f945 1f947-1f9ff 1fa58-1fa5f 1fa6e-1faff 1fc00-1fffd
"""
"""Extended_Pictographic of Unicode 17, hexadecimal. It holds what is set aside for emoji that are yet to come."""


_FIRSTS: Final = tuple(int(one.split("-")[0], 16) for one in _PICTOGRAPHS.split())
_LASTS: Final = tuple(int(one.split("-")[-1], 16) for one in _PICTOGRAPHS.split())
_TONES: Final = range(0x1F3FB, 0x1F400)
_LETTERS: Final = range(0x1F1E6, 0x1F200)
"""Two of them are a flag."""
_FLAG: Final = 0x1F3F4
_TAGS: Final = range(0xE0020, 0xE007F)
"""They say of which region that flag is; the one after the last ends them. They are not seen, so behind any other
pictograph they would make one reaction look like another."""
_JOINER: Final = 0x200D
_KEY: Final = "\u20e3"


def reaction_of(text: str) -> str:
    """The reaction that `text` is, as it is stored, told and compared. Raises `Refused(BAD_REACTION)` for none."""
    if len(text) > CHARACTERS:
        raise Refused(Code.BAD_REACTION, "it is too long for one emoji")
    reaction = text.replace(_SHOWN_AS_EMOJI, "")
    points = [ord(character) for character in reaction]
    flag = len(points) == 2 and points[0] in _LETTERS and points[1] in _LETTERS
    key = len(reaction) == 2 and reaction[0] in "0123456789#*" and reaction[1] == _KEY
    if not (flag or key or _joined_pictographs(points)):
        raise Refused(Code.BAD_REACTION)
    return reaction


def _joined_pictographs(points: list[int]) -> bool:
    at = 0
    while at < len(points) and _is_pictograph(points[at]):
        at += 1
        if at < len(points) and points[at] in _TONES:
            at += 1
        elif points[at - 1] == _FLAG and at < len(points) and points[at] in _TAGS:
            while at < len(points) and points[at] in _TAGS:
                at += 1
            if at == len(points) or points[at] != _TAGS.stop:
                return False
            at += 1
        if at == len(points):
            return True
        if points[at] != _JOINER:
            return False
        at += 1
    return False


def _is_pictograph(point: int) -> bool:
    place = bisect_right(_FIRSTS, point)
    return place > 0 and point <= _LASTS[place - 1]
