"""Reckon what some number of people needs, from costs.toml.

python -m tools.capacity          print it, and write what is generated of docs/capacity.md and its picture anew
python -m tools.capacity --check  exit 1 if either is stale
"""

import sys
from pathlib import Path
from typing import Final

from tools.capacity.costs import read, values
from tools.capacity.page import tables
from tools.capacity.plot import picture
from tools.documents.tables import rewritten

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = DOCS / "capacity.md"
PICTURE: Final = DOCS / "pictures" / "capacity.svg"


def documents(fresh: dict[str, list[str]]) -> dict[Path, str]:
    """What each file should hold, with these tables."""
    return {
        PAGE: rewritten(PAGE.read_text(encoding="utf-8"), fresh),
        PICTURE: picture(values(read())),
    }


def main() -> int:
    """Print the tables and write the files, or only look whether they are fresh."""
    fresh = dict(tables(read()))
    found = documents(fresh)
    stale = [path for path, text in found.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"docs/{path.relative_to(DOCS)} is stale: run `make docs`\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(found[path], encoding="utf-8")
    if "--quiet" not in sys.argv[1:]:
        for name, lines in fresh.items():
            sys.stdout.write("\n".join([f"\n{name}", *lines, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
