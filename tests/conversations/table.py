"""The table of scripts and transports: what is said where, and why a line is not.

`python -m tests.conversations.table` writes it into docs/transports.md, and a test fails when it is stale there.
"""

from pathlib import Path
from typing import Final

from tests.conversations.notation import PLACES
from tests.conversations.scripts import SCRIPTS

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "transports.md"
BEGIN: Final = "<!-- scripts -->\n"
END: Final = "<!-- end of scripts -->\n"
Outcomes = dict[tuple[str, str], bool]
"""Whether a script passed at a place."""


def render(outcomes: Outcomes | None = None) -> str:
    """Lines said by script and place, as Markdown. With `outcomes`: what of it was played, and how it went."""
    reasons: list[str] = []
    rows = [["script", *PLACES], ["---"] * (len(PLACES) + 1)]
    for script in SCRIPTS:
        row = [script.name]
        for place in PLACES:
            said, marks = len(script.said(place)), ""
            for reason in script.reasons(place):
                if reason not in reasons:
                    reasons.append(reason)
                marks += f" [{reasons.index(reason) + 1}]"
            cell = f"{said} of {len(script.steps)}{marks}" if marks else str(said)
            if outcomes is not None:
                word = {True: "passed", False: "FAILED", None: "not played"}[outcomes.get((script.name, place))]
                cell = f"{word} {cell}"
            row.append(cell)
        rows.append(row)
    if outcomes is not None:
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        rows = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", *(f"[{number}] {reason}" + "  " for number, reason in enumerate(reasons, 1))])


def written(document: str) -> str:
    """The document with the table of today."""
    before, rest = document.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{render()}\n\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
