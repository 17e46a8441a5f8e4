"""Configuration: frozen sections, and one function that fills them from flags, environment, file and defaults."""

from chinwag.config.limits_section import Limits
from chinwag.config.load import ConfigError, Effective, FlagValue, Source, find_file, load
from chinwag.config.openid_section import OpenId
from chinwag.config.push_section import Push
from chinwag.config.sections import (
    Accounts,
    Config,
    Data,
    Erasure,
    Inbox,
    Log,
    Observe,
    Presence,
    Server,
    SignUp,
)

__all__ = [
    "Accounts",
    "Config",
    "ConfigError",
    "Data",
    "Effective",
    "Erasure",
    "FlagValue",
    "Inbox",
    "Limits",
    "Log",
    "Observe",
    "OpenId",
    "Presence",
    "Push",
    "Server",
    "SignUp",
    "Source",
    "find_file",
    "load",
]
