"""Run a server made wrong: `python -m prove.faults.wrong NAME serve …`; alone, say which there are."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[3])  # also where this file is run by its path
    from prove.faults.soon import hasten
    from prove.faults.wrong import EVERY

    if len(sys.argv) < 2 or sys.argv[1] not in EVERY:
        for wrong in EVERY.values():
            print(f"{wrong.name:20} {', '.join(wrong.promises):12} {wrong.what}")
        sys.exit(2)
    hasten()
    EVERY[sys.argv.pop(1)].plant()
    from chinwag.cli import main

    main()
