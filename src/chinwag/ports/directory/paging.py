"""How much one call lists."""

from typing import Final

PAGE_MAX: Final = 200
"""The most rows that one call lists."""
