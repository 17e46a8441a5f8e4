"""An older version, given what this one wrote: it says in words that it is too old, and leaves all as it is.

The older one is real: its code comes from the repository's history.
"""

import subprocess
import tarfile
from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.life.commands import Ran, chinwag
from tests.support.device import Device, texts
from tests.support.people import Crowd

from chinwag import __version__
from chinwag.adapters.embedded.data_directory import FORMAT
from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Error, Send
from chinwag.wire.values import Text

ROOT = Path(__file__).parents[2]
OLDER = "17e570b2a2625d69589147557d3a58fb01350ae5"
"""The last version before messages could be edited and deleted."""
KNOWN = 3
"""The data format of that version."""


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The folder of the older version's modules."""
    folder = tmp_path / "older"
    folder.mkdir()
    archive = folder / "source.tar"
    asked = ["git", "-C", str(ROOT), "archive", f"--output={archive}", OLDER, "src"]
    try:
        made = subprocess.run(asked, capture_output=True, text=True, check=False)
        said = made.stderr if made.returncode else ""
    except FileNotFoundError:
        said = "git is not installed"
    if said:
        pytest.skip(
            f"the history with {OLDER[:7]} is not here ({said.strip()}): clone it whole, or git fetch --unshallow"
        )
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="tar")
    return folder / "src"


async def say(one: Device, other: Device, text: str) -> None:
    """Send it, again as long as a retry may help, as clients do: a busy machine may refuse for a moment."""
    while not isinstance(answer := await one.ask(Send(ClientId(text), Text(text), to=other.account)), Ack):
        assert isinstance(answer, Error)
        assert answer.retryable, answer
        one.answers.clear()


async def test_data_and_a_backup_of_this_version_are_refused_by_name_and_stay_good(
    process: ServerProcess, crowd: Crowd, older: Path, tmp_path: Path
) -> None:
    anna, ben = await crowd.people("anna", "ben")
    await say(anna, ben, "hello")
    await ben.until(lambda: texts(ben) == ["hello"], "the text")
    data, backup = tmp_path / "data", tmp_path / "backup"
    made = await chinwag("backup", backup, "--data-path", data, folder=tmp_path)
    assert made.code == 0, made.said
    assert await process.stop() == 0
    for device in (anna, ben):
        await device.close()

    async def told(*arguments: object) -> str:
        """The last line of the older version, which refuses."""
        ran: Ran = await chinwag(*arguments, folder=tmp_path, PYTHONPATH=str(older))
        assert ran.code == 1, ran.said
        assert "Traceback" not in ran.said
        return ran.err.splitlines()[-1]

    ports = ("--server-port", "0", "--observe-port", "0")
    formats = f"data format {FORMAT}; this one knows {KNOWN}"
    assert await told("serve", *ports, "--data-path", data) == (
        f"chinwag: {data / 'messages'} was written by a newer Chinwag ({formats}): "
        "run that version, or restore a backup made before the upgrade"
    )
    schema = await told("user", "list", "--data-path", data)
    assert schema.startswith("chinwag: the directory's database has schema ")
    assert "start a newer version, or restore an older backup" in schema
    restoring = await told("restore", backup, "--data-path", tmp_path / "restored")
    assert f"was made by a newer Chinwag ({__version__}, {formats}): restore it with that version" in restoring
    assert not (tmp_path / "restored").exists()
    # this version goes on with it as if nothing had been
    await process.start()
    for device in (anna, ben):
        await device.connect()
        await device.reach_head()
        assert device.gaps == []
    await say(anna, ben, "again")
    await ben.until(lambda: texts(ben) == ["hello", "again"], "both texts")
