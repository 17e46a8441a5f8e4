"""Runs `chinwag` with cheap password hashes, serving the page that tests drive the engine in, instead of the app.

To be run as a program, with the arguments of `chinwag`; `CHINWAG_TEST_PAGE` names the folder of the built page.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.quick_server import CHEAP

from chinwag.flow.access import passwords
from chinwag.roles.web import site

COMMAND = (sys.executable, "-m", "tests.web.page_server")
"""For `ServerProcess(command=...)`, with the repository as its folder."""
PAGE = "CHINWAG_TEST_PAGE"

ROOT = Path(__file__).parents[2]


def built_page(folder: Path) -> Path:
    """Build the page into `folder`, and give it."""
    web = str(ROOT / "tools" / "web.sh")
    build = ["exec", "--", "vite", "build", "-c", "vite.engine-test.config.ts", "--outDir", str(folder)]
    for arguments in (["run", "types"], build):
        done = subprocess.run([web, "npm", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


if __name__ == "__main__":
    setattr(passwords, "PasswordHasher", CHEAP)  # noqa: B010 - an assignment would have to be of a type
    site.read_site.__defaults__ = (Path(os.environ[PAGE]),)
    os.environ.pop(PAGE)  # the server refuses settings that it does not know
    from chinwag.cli import main

    main()
