"""Runs `chinwag` with cheap password hashes, serving the page that tests drive the engine in, instead of the app.

To be run as a program, with the arguments of `chinwag`; `CHINWAG_TEST_PAGE` names the folder of the built page.
"""

import os
import sys
from pathlib import Path

from tests.support.quick_server import CHEAP

from chinwag.flow.access import passwords
from chinwag.roles.web import site

COMMAND = (sys.executable, "-m", "tests.web.page_server")
"""For `ServerProcess(command=...)`, with the repository as its folder."""
PAGE = "CHINWAG_TEST_PAGE"

if __name__ == "__main__":
    setattr(passwords, "PasswordHasher", CHEAP)  # noqa: B010 - an assignment would have to be of a type
    site.read_site.__defaults__ = (Path(os.environ[PAGE]),)
    os.environ.pop(PAGE)  # the server refuses settings that it does not know
    from chinwag.cli import main

    main()
