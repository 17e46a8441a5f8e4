"""The code of the profiles of several processes, loaded when it is wanted: its drivers need not be installed for any
other."""

from importlib.util import find_spec
from typing import Final

from chinwag.cli.trouble import UsageError
from chinwag.config import Config

DRIVERS: Final = {"asyncpg": "PostgreSQL", "nats": "NATS"}
MORE_DRIVERS: Final = {"acsylla": "Cassandra", "kazoo": "ZooKeeper"}
"""Those of the cassandra profile besides."""


def need_drivers(config: Config | None = None) -> None:
    """Raises `UsageError` if a driver is not installed. config: of the profile whose drivers these are; postgres
    without."""
    wide = config is not None and config.store.profile == "cassandra"
    drivers = DRIVERS | MORE_DRIVERS if wide else DRIVERS
    missing = [engine for module, engine in drivers.items() if find_spec(module) is None]
    if not missing:
        return
    extras = "postgres,cassandra" if wide else "postgres"
    words = f"the driver for {' and '.join(missing)} is not installed: pip install 'chinwag[{extras}]'"
    if not wide:
        words += ", or in a checkout .venv/bin/pip install --require-hashes -r requirements-postgres.txt"
    raise UsageError(words)


def need_folder(config: Config, instead: str) -> None:
    """For commands that work on a data folder alone. Raises `UsageError`, which says what to do `instead`."""
    if config.store.profile != "embedded":
        raise UsageError(f"this works on a data folder, and store.profile is {config.store.profile}: {instead}")


def need_postgres(config: Config) -> None:
    """For commands of the postgres profile alone. Raises `UsageError`."""
    if config.store.profile == "cassandra":
        raise UsageError("store.profile is cassandra, which this does not know yet (docs/cluster.md): postgres alone")
    if config.store.profile != "postgres":
        raise UsageError(
            f"store.profile is {config.store.profile}, and this is for postgres: say so in chinwag.toml, with "
            "postgres.url and nats.urls (docs/cluster.md), or with --store-profile postgres"
        )
    need_drivers()


def need_cassandra(config: Config) -> None:
    """For commands of the cassandra profile alone. Raises `UsageError`."""
    if config.store.profile != "cassandra":
        raise UsageError(f"store.profile is {config.store.profile}, and this is for cassandra (docs/cluster.md)")
    need_drivers(config)


def need_several(config: Config) -> None:
    """For commands of both profiles of several processes. Raises `UsageError`."""
    if config.store.profile == "cassandra":
        need_drivers(config)
    else:
        need_postgres(config)
