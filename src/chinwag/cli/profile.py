"""The postgres profile's code, loaded when it is wanted: its drivers need not be installed for any other."""

from importlib.util import find_spec
from typing import Final

from chinwag.cli.trouble import UsageError
from chinwag.config import Config

DRIVERS: Final = {"asyncpg": "PostgreSQL", "nats": "NATS"}


def need_drivers() -> None:
    """Raises `UsageError` if a driver is not installed."""
    missing = [engine for module, engine in DRIVERS.items() if find_spec(module) is None]
    if missing:
        raise UsageError(
            f"the driver for {' and '.join(missing)} is not installed: pip install 'chinwag[postgres]', or in a "
            "checkout .venv/bin/pip install --require-hashes -r requirements-postgres.txt"
        )


def need_folder(config: Config, instead: str) -> None:
    """For commands that work on a data folder alone. Raises `UsageError`, which says what to do `instead`."""
    if config.store.profile != "embedded":
        raise UsageError(f"this works on a data folder, and store.profile is {config.store.profile}: {instead}")


def need_postgres(config: Config) -> None:
    """For commands of the postgres profile alone. Raises `UsageError`."""
    if config.store.profile != "postgres":
        raise UsageError(
            f"store.profile is {config.store.profile}, and this is for postgres: say so in chinwag.toml, with "
            "postgres.url and nats.urls (docs/cluster.md), or with --store-profile postgres"
        )
    need_drivers()
