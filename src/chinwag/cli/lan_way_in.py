"""How people nearby come to a server on the local network: an address, a QR code of it, and a fingerprint."""

import sys
from collections.abc import Sequence
from typing import Final

import segno

from chinwag.cli.out import say, write

QUIET: Final = 2
"""Modules of white around the picture."""
_INK: Final = "\x1b[30;107m"
_PLAIN: Final = "\x1b[0m"


def show_way_in(url: str, names: Sequence[str], fingerprint: str) -> None:
    """Print where to go, the same as a QR code, and what a phone must be told before it trusts the server.

    url: of the page that says how. names: by which the server is reached.
    """
    say(f"Others in this network: scan this, or open {url}\n")
    terminal = sys.stdout.isatty()
    for line in picture(url):
        write(f"{_INK}{line}{_PLAIN}\n" if terminal else f"{line}\n", sys.stdout)
    say(
        f"\nThat page says how a phone comes to trust this server. Compare the fingerprint there with this one:\n"
        f"    {fingerprint}\nIt is reached as {', '.join(names)}."
    )


def picture(text: str) -> list[str]:
    """A QR code of `text` in half blocks: two rows of modules in a line, to be shown dark on light."""
    rows = [list(row) for row in segno.make(text, micro=False).matrix_iter(border=QUIET)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    signs = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    return [
        "".join(signs[bool(upper), bool(lower)] for upper, lower in zip(rows[at], rows[at + 1], strict=True))
        for at in range(0, len(rows), 2)
    ]
