"""The blur that stands for a picture until it is there: a ThumbHash (evanw.github.io/thumbhash), at most 25 bytes.

It keeps the lowest frequencies of the picture's brightness, of two differences of colour and of its opacity.
"""

from collections.abc import Sequence
from math import cos, floor, pi
from typing import Final

PIXELS: Final = 48
"""The longest side of what is looked at: more would show nothing that a few frequencies keep."""
NOTHING: Final = 1e-9
"""What is lower is no wave but the rounding of sums."""


def thumbhash(width: int, height: int, pixels: bytes) -> bytes:
    """The hash of a picture of that size, at most 100 pixels long. pixels: RGBA, row by row."""
    if not (0 < width <= 100 and 0 < height <= 100 and len(pixels) == 4 * width * height):
        raise ValueError("no picture of at most 100 pixels")
    opacity = [value / 255 for value in pixels[3::4]]
    total = sum(opacity)
    means = [
        sum(a * value / 255 for a, value in zip(opacity, pixels[colour::4], strict=True)) / total if total else 0.0
        for colour in range(3)
    ]
    red, green, blue = (
        # what is seen through is seen before the mean colour
        [means[colour] * (1 - a) + a * value / 255 for a, value in zip(opacity, pixels[colour::4], strict=True)]
        for colour in range(3)
    )
    light = [(r + g + b) / 3 for r, g, b in zip(red, green, blue, strict=True)]
    yellow = [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)]
    ruddy = [r - g for r, g in zip(red, green, strict=True)]

    see_through = total < width * height
    most = 5 if see_through else 7
    across = max(1, _round(most * width / max(width, height)))
    down = max(1, _round(most * height / max(width, height)))
    l_mean, l_waves, l_scale = _waves(light, width, height, max(3, across), max(3, down))
    p_mean, p_waves, p_scale = _waves(yellow, width, height, 3, 3)
    q_mean, q_waves, q_scale = _waves(ruddy, width, height, 3, 3)

    wide = width > height
    first = (
        _round(63 * l_mean)
        | _round(31.5 + 31.5 * p_mean) << 6
        | _round(31.5 + 31.5 * q_mean) << 12
        | _round(31 * l_scale) << 18
        | see_through << 23
    )
    second = (down if wide else across) | _round(63 * p_scale) << 3 | _round(63 * q_scale) << 9 | wide << 15
    made = first.to_bytes(3, "little") + second.to_bytes(2, "little")
    waves = [*l_waves, *p_waves, *q_waves]
    if see_through:
        a_mean, a_waves, a_scale = _waves(opacity, width, height, 5, 5)
        made += bytes([_round(15 * a_mean) | _round(15 * a_scale) << 4])
        waves += a_waves
    halves = [_round(15 * wave) for wave in waves] + [0]
    return made + bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2], strict=False))


def _waves(
    channel: Sequence[float], width: int, height: int, across: int, down: int
) -> tuple[float, list[float], float]:
    """The mean of a channel, its lowest waves from 0 to 1, and the height of the highest (a cosine transform)."""
    columns = [[cos(pi / width * cx * (x + 0.5)) for x in range(width)] for cx in range(across)]
    rows = [
        [sum(map(float.__mul__, channel[y * width : (y + 1) * width], column)) for y in range(height)]
        for column in columns
    ]
    mean, waves = 0.0, []
    for cy in range(down):
        wave = [cos(pi / height * cy * (y + 0.5)) for y in range(height)]
        for cx in range(across):
            if cx * down >= across * (down - cy):
                break
            value = sum(map(float.__mul__, rows[cx], wave)) / (width * height)
            if cx or cy:
                waves.append(value)
            else:
                mean = value
    scale = max(map(abs, waves), default=0.0)
    if scale < NOTHING:
        return mean, [0.0] * len(waves), 0.0
    return mean, [0.5 + 0.5 / scale * value for value in waves], scale


def _round(value: float) -> int:
    """To the nearest, halves up: as the definition does."""
    return floor(value + 0.5)
