"""Every wrong server is made wrong: what its plant replaces is there."""

import subprocess
import sys
from typing import Final

from prove.faults.wrong import LARGE, PLANTS, STREAMED, WRONGS

TRY_ALL: Final = """
import os, sys
from prove.faults.wrong import EVERY
import chinwag.assembly

for name, wrong in EVERY.items():
    child = os.fork()  # what one replaces stands there for the next
    if not child:
        try:
            wrong.plant()
        except BaseException as error:
            print(f"{name}: {error!r}", flush=True)
            os._exit(1)
        print(name, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_what_each_replaces_is_there() -> None:
    tried = subprocess.run([sys.executable, "-c", TRY_ALL], capture_output=True, text=True, check=True)
    assert tried.stdout.split("\n")[:-1] == [*WRONGS, *PLANTS, *STREAMED, *LARGE]
