"""Commands on the data folder: names, ids and our own words share no space, and nothing of a name acts or is cut."""

from pathlib import Path

import msgspec
import pytest
from prove.process import ServerProcess
from tests.life.commands import Ran, chinwag

pytestmark = pytest.mark.asyncio
PASSWORD = "correct horse battery"


async def _run(process: ServerProcess, *arguments: object, **variables: str) -> Ran:
    ran = await chinwag(
        *arguments, "--data-path", process.data, folder=process.data.parent, CHINWAG_PASSWORD=PASSWORD, **variables
    )
    assert "Traceback" not in ran.err
    return ran


async def _add(process: ServerProcess, name: str, *flags: str) -> str:
    """Add an account; its id."""
    ran = await _run(process, "user", "add", name, *flags)
    assert ran.code == 0, ran.said
    return ran.out.split("(id ")[1].split(")")[0]


async def test_an_id_that_is_somebodys_name_is_that_of_nobody_else(process: ServerProcess, tmp_path: Path) -> None:
    await process.start()
    ada = await _add(process, "ada")
    twin = await _add(process, ada)  # a person whose name is ada's id
    for given, meant in (([ada], twin), (["--id", ada], ada), (["ada"], ada), (["--id", twin], twin)):
        ran = await _run(process, "export", *given)
        assert ran.code == 0, ran.said
        assert msgspec.json.decode(ran.out.splitlines()[0])["account"] == meant
    ran = await _run(process, "export", twin)
    assert (ran.code, f"if that is an id: --id {twin}" in ran.err) == (1, True)
    assert (await _run(process, "export", "ada", "--id", ada)).code == 1
    for command in (["promote"], ["disable"], ["devices"], ["revoke"], ["reset-password"]):
        ran = await _run(process, "user", *command, twin)
        assert ran.code == 1, command
    assert (await _run(process, "user", "promote", ada)).code == 0
    ran = await _run(process, "audit")
    assert [line for line in ran.out.splitlines() if "account.promote" in line and f"@{ada}" in line], ran.out


async def test_an_account_is_no_word_of_a_list_and_is_whole(process: ServerProcess) -> None:
    await process.start()
    assert (await _run(process, "user", "add", "operator")).code == 1
    await _add(process, "smile" + "x" * 25)
    rows = (await _run(process, "audit")).out.splitlines()
    assert any(" operator " in row and "@smile" + "x" * 25 in row for row in rows)
    listed = (await _run(process, "user", "list")).out
    assert "@smile" + "x" * 25 in listed  # whole, though this is a pipe
    ran = await _run(process, "announce", "[red]:smile:[/red]")
    assert ran.code == 0, ran.said
    assert "[red]:smile:[/red]" in (await _run(process, "announce")).out


async def test_an_invitation_is_not_revoked_by_next_to_nothing(process: ServerProcess) -> None:
    await process.start()
    assert (await _run(process, "invite", "create")).code == 0
    for beginning in ("", "a", "0123456"):
        ran = await _run(process, "invite", "revoke", beginning)
        assert ran.code == 1, ran.said
    shown = (await _run(process, "invite", "list")).out.splitlines()[1].split()[0]
    assert (await _run(process, "invite", "revoke", shown)).code == 0


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
async def test_an_output_that_is_not_utf_8(process: ServerProcess, encoding: str) -> None:
    await process.start()
    await _add(process, "łukasz")
    ran = await _run(process, "user", "list", PYTHONIOENCODING=encoding)
    assert ran.code == 0, ran.said
    assert "@<U+0142>ukasz" in ran.out
