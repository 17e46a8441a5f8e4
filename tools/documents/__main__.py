"""Write what is generated of the protocol's documents.

python -m tools.documents          write them anew
python -m tools.documents --check  exit 1 if any is stale
"""

import sys
from pathlib import Path
from typing import Any, Final

import msgspec
from tools.documents import asyncapi, openapi, tables, typescript

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = DOCS / "protocol.md"


def documents() -> dict[Path, str]:
    """What each file should hold."""
    http = openapi.document()
    return {
        DOCS / "generated" / "asyncapi.json": _json(asyncapi.document()),
        DOCS / "generated" / "openapi.json": _json(http),
        DOCS / "generated" / "chinwag.ts": typescript.module(),
        PAGE: tables.rewritten(PAGE.read_text(encoding="utf-8"), tables.tables(http)),
    }


def main() -> int:
    """Write the files, or only look whether they are fresh."""
    stale = [(path, text) for path, text in documents().items() if _read(path) != text]
    if "--check" in sys.argv[1:]:
        for path, _ in stale:
            sys.stderr.write(f"docs/{path.relative_to(DOCS)} is stale: run `make docs`\n")
        return 1 if stale else 0
    for path, text in stale:
        path.write_text(text, encoding="utf-8")
    return 0


def _json(document: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
