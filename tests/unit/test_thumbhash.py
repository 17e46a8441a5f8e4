"""The blur that stands for a picture, against what the definition's own program gives (npm `thumbhash` 0.1.1)."""

from collections.abc import Callable

import pytest

from chinwag.workbench.thumbhash import thumbhash

SHADES: dict[str, Callable[[int, int, int, int], tuple[int, int, int, int]]] = {
    "gradient": lambda x, y, w, h: (255 * x // w, 255 * y // h, 128, 255),
    "holes": lambda x, y, w, h: ((x * 37 + y * 11) % 256, (x * 5 + y * 91) % 256, x * y % 256, (x * 13 + y * 29) % 256),
    "noise": lambda x, y, w, h: (
        *((x * 7919 + y * 104729) % 256, (x * x * 31 + y * 17) % 256, (x * 3 + y * y * 7) % 256, 255),
    ),
}
KNOWN = [
    ("gradient", 1, 1, "0b0416070108f708888788708f7088f80888707ff8000000"),
    ("gradient", 48, 48, "df070a371a70778770787887887887788877080788707f08"),
    ("gradient", 48, 17, "df070a329a70778770888887707007f787"),
    ("gradient", 5, 48, "9dd709311a70707888878787707007f788"),
    ("gradient", 100, 99, "df070a379a80878780887778787887878877080878807f07"),
    ("gradient", 100, 1, "d5f52a81be8687878888087985874f8808"),
    ("holes", 1, 1, "00088205000000000000000000000000000000000000000000"),
    ("holes", 48, 48, "9ef8810d000732413057635874cd9f6c981f57087878748438"),
    ("holes", 48, 17, "1c09821280085083438881cf9fbd07a887978383690818"),
    ("holes", 5, 48, "990a8219020770919679427f3d88aa8086774577506926"),
    ("holes", 100, 99, "1ff8810d800720444076421525cfbf8dfa78507086a6173658"),
    ("holes", 100, 1, "d5fba9f9847787878888808788f083c8777788888078f8"),
    ("noise", 1, 1, "000802070000000000000000000000000000000000000000"),
    ("noise", 48, 48, "1ff8010f0084796960498969668745259362c3f45aa9af07"),
    ("noise", 48, 17, "1ff8011282728438524828407ea89ff82c"),
    ("noise", 5, 48, "dff705110488744677736404767f48f475"),
    ("noise", 100, 99, "e007020f80d33a6b649088867267437e7997e6a09a959f0c"),
    ("noise", 100, 1, "9fe83d418477788888880888fd88a37bf8"),
]


def pixels(shade: str, width: int, height: int) -> bytes:
    return bytes(value for y in range(height) for x in range(width) for value in SHADES[shade](x, y, width, height))


@pytest.mark.parametrize(("shade", "width", "height", "expected"), KNOWN)
def test_a_hash_is_the_known_one(shade: str, width: int, height: int, expected: str) -> None:
    """The means and scales are; a wave that lies between two steps may be rounded to either."""
    made, known = thumbhash(width, height, pixels(shade, width, height)), bytes.fromhex(expected)
    head = 6 if known[2] & 0x80 else 5
    assert made[:head] == known[:head]
    assert len(made) == len(known) <= 25
    if width == height == 1:
        return  # no wave at all: nothing is told of them
    for ours, theirs in zip(made[head:], known[head:], strict=True):
        assert abs((ours & 15) - (theirs & 15)) <= 1
        assert abs((ours >> 4) - (theirs >> 4)) <= 1


def test_a_picture_of_one_colour_has_no_waves() -> None:
    made = thumbhash(40, 30, bytes((200, 10, 30, 255)) * 1_200)
    assert set(made[5:]) == {0}
    assert made[2] & 0x7C == 0


def test_nothing_at_all_can_be_seen_through() -> None:
    assert thumbhash(10, 10, bytes(400))[2] & 0x80


@pytest.mark.parametrize(("width", "height", "length"), [(0, 1, 0), (101, 1, 404), (2, 2, 15), (2, 2, 17)])
def test_what_is_no_picture_has_no_hash(width: int, height: int, length: int) -> None:
    with pytest.raises(ValueError, match="no picture"):
        thumbhash(width, height, bytes(length))
