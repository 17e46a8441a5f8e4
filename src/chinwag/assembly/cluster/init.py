"""What `chinwag cluster init` makes: the tables, the cluster's name, its keys and the secret that seals them."""

import contextlib
import secrets
from collections.abc import Callable
from pathlib import Path

from chinwag.adapters.postgres import make_schema
from chinwag.adapters.postgres.database import connected
from chinwag.adapters.postgres.encoding import refuse_encoding
from chinwag.adapters.postgres.halves import check_halves, join_halves
from chinwag.adapters.postgres.identity import make_identity
from chinwag.adapters.postgres.registry import make_registry
from chinwag.adapters.relational.postgres import prepare_postgres_directory
from chinwag.adapters.relational.sealed_keys import SealedKeyStore
from chinwag.assembly.cluster.credentials import (
    SECRET_CHARACTERS,
    directory_url,
    messages_url,
    read_secret,
    secret_path,
    shown,
)
from chinwag.assembly.cluster.opened import reached
from chinwag.config import Config
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.clock import system_clock
from chinwag.lasting import lasting_folder, whole_file
from chinwag.private_text import CredentialsError


async def init(config: Config, say: Callable[[str], None]) -> str:
    """Make what is not there yet, and nothing else; the cluster's name. Harmless a second time, and beside another.

    Raises a `Told`: a database in another encoding, of another cluster, of a newer version or with another half than
    the one that is named, keys that this machine's secret does not open.
    """
    messages, accounts = messages_url(config), directory_url(config)
    for url in dict.fromkeys((messages, accounts)):
        await reached(url, _refuse_encoding(url))  # before anything is made in either
    cluster = await reached(messages, make_identity(messages, config.cluster.id))
    await reached(accounts, check_halves(messages, accounts))  # before anything is made in the other one
    if accounts != messages:
        await reached(accounts, make_identity(accounts, cluster))
    await reached(accounts, join_halves(messages, accounts))
    say(f"the database {shown(messages)} is the cluster {cluster}'s")
    await reached(messages, make_schema(messages, gone=config.store.profile == "cassandra"))
    await reached(messages, make_registry(messages))
    say("the tables of messages are there")
    await prepare_postgres_directory(accounts)
    say(f"the tables of accounts are there{'' if accounts == messages else f', in {shown(accounts)}'}")
    path = secret_path(config)
    if not path.exists():
        if await _has_keys(accounts):
            raise CredentialsError(
                f"the cluster {cluster} has its secret already, on another machine: copy that file to {path}, with "
                "mode 0600, or name it with --cluster-secret-file"
            )
        with contextlib.suppress(FileExistsError):  # another one has just made it
            _make_secret(path)
        say(f"made the cluster's secret: copy {path} to every machine of the cluster, and keep a copy with its backups")
    # Made if they are not there; opened if they are.
    KeyRing(SealedKeyStore(accounts, read_secret(config)), system_clock())
    say("the cluster's keys are there, and this machine's secret opens them")
    if config.store.profile == "cassandra":
        from chinwag.assembly.cluster.init_streams import init_streams  # its drivers are of that profile alone

        await init_streams(config, cluster, say)
    return cluster


async def _refuse_encoding(url: str) -> None:
    async with connected(url) as connection:
        await refuse_encoding(connection, f"the database {shown(url)}")


async def _has_keys(url: str) -> bool:
    """Whether there are keys, whoever sealed them: the stamp says it without opening any."""
    return SealedKeyStore(url, bytes(SECRET_CHARACTERS)).stamp() != frozenset()


def _make_secret(path: Path) -> None:
    lasting_folder(path.parent)
    with whole_file(path) as file:
        file.write(secrets.token_hex(SECRET_CHARACTERS // 2).encode() + b"\n")
