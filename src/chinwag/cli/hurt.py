"""A server that the environment hurts on purpose is for tests: it says so, and serves this machine alone."""

import ipaddress
import os

import structlog

from chinwag.config import Config, ConfigError
from chinwag.config.load import FAULT_VARIABLES

_log = structlog.get_logger("chinwag.serve")


def say_if_hurt_on_purpose(config: Config) -> None:
    """Say it as an error, at each start. Raises `ConfigError` for a server that others can reach."""
    given = sorted(variable for variable in FAULT_VARIABLES if os.environ.get(variable))
    if not given:
        return
    names = " and ".join(given)
    if not _is_loopback(config.server.host):
        raise ConfigError([f"{names} would hurt a server that others can reach: unset it, or serve on 127.0.0.1"])
    _log.error("this server is hurt on purpose, it is for tests only", variables=given)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
