"""nodetool is run as the operator says, and what it says is understood."""

import shlex
import sys

import pytest

from chinwag.assembly.cluster.nodetool import Copy, Nodetool, NodetoolError, times_in

DAY = 1_795_824_000_000
SNAPSHOTS = """Snapshot Details:
Snapshot name           Keyspace name Column family name True size Size on disk Creation time            Expiration time
before-4                chinwag       events             1.03 KiB  1.03 KiB     2026-11-28T03:47:55.455Z
before-4                chinwag       states             1.03 KiB  1.03 KiB     2026-11-28T03:47:54Z
other                   system        local              1.03 KiB  1.03 KiB     2026-11-28T03:47:54.000Z

Total TrueDiskSpaceUsed: 2 bytes
"""
HINTS = """Host ID  Address  Rack  DC  Status  Total files  Newest  Oldest
a585695c  127.0.0.2  rack1  datacenter1  DOWN  2  2026-11-28 03:50:00,123  2026-11-28 01:00:00,455
"""


def saying(text: str, code: int = 0) -> str:
    """A command that says that, whatever it is asked."""
    return shlex.join([sys.executable, "-c", f"import sys; print({text!r}); sys.exit({code})"])


async def test_snapshots_and_hints_are_read_with_their_times() -> None:
    made = DAY + ((3 * 60 + 47) * 60 + 54) * 1000
    assert await Nodetool(saying(SNAPSHOTS)).snapshots("10.0.0.6", "chinwag") == [Copy("before-4", made)]
    assert await Nodetool(saying(HINTS)).oldest_hint("10.0.0.6") == DAY + 3_600_000
    assert await Nodetool(saying("This node does not have any pending hints")).oldest_hint("10.0.0.6") is None
    assert times_in("a 2026-13-45T00:00:00Z 2026- 12:00 nothing") == []


async def test_the_address_of_the_node_stands_where_the_command_says() -> None:
    echo = shlex.join([sys.executable, "-c", "import sys; print('ID : ' + sys.argv[1])", "{host}"])
    assert Nodetool(echo).for_any
    assert await Nodetool(echo).id_of("10.0.0.6") == "10.0.0.6"


async def test_a_command_that_fails_or_is_none_says_so() -> None:
    with pytest.raises(NodetoolError, match="failed: no such node"):
        await Nodetool(saying("no such node", 2)).run("10.0.0.6", "flush")
    with pytest.raises(NodetoolError, match="cannot be run"):
        await Nodetool("/nowhere/nodetool").run("10.0.0.6", "flush")
    with pytest.raises(NodetoolError, match="names no node"):
        await Nodetool(saying("hello")).id_of("10.0.0.6")
    for wrong in ("", "nodetool 'x"):
        with pytest.raises(NodetoolError):
            Nodetool(wrong)
