"""The picture of the limits: how much of each is used, by the number of daily users. An SVG of our own."""

from collections.abc import Iterator
from html import escape
from math import log10
from typing import Final

from tools.capacity.cases import B, scaled
from tools.capacity.limits import LIMITS, used_up_at
from tools.capacity.model import Costs, need
from tools.capacity.page import short

WIDTH: Final = 860
HEIGHT: Final = 560
MOST: Final = 85
_LEFT, _TOP, _RIGHT, _BOTTOM = 70, 44, 840, 300
_USERS: Final = (5.0, 9.5)
_SHARES: Final = (-3.0, 3.0)
"""Powers of ten on each axis."""
_STEPS: Final = 46
_COLOURS: Final = ("#c0392b", "#d35400", "#b7950b", "#1e8449", "#148f77", "#2471a3", "#6c3483", "#5d6d7e", "#212f3d")


def picture(costs: Costs) -> str:
    """The SVG."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
        '<g font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        '<text x="70" y="24" font-size="15">How much of each limit is used, by daily users (as in case b)</text>',
        *_axes(),
        *_curves(costs),
        "</g></svg>",
        "",
    ]
    return "\n".join(lines)


def _axes() -> Iterator[str]:
    for power in range(int(_USERS[0]), int(_USERS[1]) + 1):
        x = _x(10.0**power)
        yield f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_BOTTOM}" stroke="#e5e5e5"/>'
        yield f'<text x="{x:.1f}" y="{_BOTTOM + 18}" text-anchor="middle">{_named(power)}</text>'
    for power in range(int(_SHARES[0]), int(_SHARES[1]) + 1):
        y = _y(10.0**power)
        bold = 'stroke="#000000" stroke-width="1.5"' if power == 0 else 'stroke="#e5e5e5"'
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}" {bold}/>'
        share = "all" if power == 0 else f"{10.0**power:g}"
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share}</text>'


def _curves(costs: Costs) -> Iterator[str]:
    for row, (limit, colour) in enumerate(zip(LIMITS, _COLOURS, strict=True)):
        points = []
        for step in range(_STEPS + 1):
            users = 10 ** (_USERS[0] + step / _STEPS * (_USERS[1] - _USERS[0]))
            share = limit.share(need(scaled(B, users), costs), costs)
            if _SHARES[0] <= log10(share) <= _SHARES[1]:
                points.append(f"{_x(users):.1f},{_y(share):.1f}")
        yield f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        y = _BOTTOM + 46 + 21 * row
        at = used_up_at(limit, B, costs)
        name = limit.name.partition(":")[0] if len(limit.name) > MOST else limit.name
        words = f"{name}: {'never' if at == float('inf') else f'at {short(at)} daily users'}"
        yield f'<rect x="{_LEFT}" y="{y - 9}" width="14" height="8" fill="{colour}"/>'
        yield f'<text x="{_LEFT + 22}" y="{y}">{escape(words)}</text>'


def _x(users: float) -> float:
    low, high = _USERS
    return _LEFT + (log10(users) - low) / (high - low) * (_RIGHT - _LEFT)


def _y(share: float) -> float:
    low, high = _SHARES
    return _BOTTOM - (log10(share) - low) / (high - low) * (_BOTTOM - _TOP)


def _named(power: int) -> str:
    return {5: "100k", 6: "1M", 7: "10M", 8: "100M", 9: "1B"}[power]
