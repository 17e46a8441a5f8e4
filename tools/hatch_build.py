"""Puts the built web client into the wheel and the sdist, so that installing Chinwag needs no Node."""

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebClient(BuildHookInterface[Any]):
    """Builds it where its sources are; an sdist brings it along as built files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before files are gathered. An editable install takes what is there: `make run` builds it."""
        if version == "editable":
            return
        root = Path(self.root)
        if (root / "web" / "package.json").exists() and (root / ".venv").exists():
            subprocess.run([root / "tools" / "web.sh", "build"], check=True)  # noqa: S603 - a script of ours
        if not (root / "src" / "chinwag" / "web_files" / "index.html").exists():
            raise RuntimeError("the web client is not built: run `make web` first")
