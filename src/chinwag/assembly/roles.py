"""What a server does, by name. A process of several carries some of it."""

from typing import Final

ROLES: Final = ("gateway", "api", "delivery", "presence", "housekeeping", "push")
