"""What the HTTP addresses of preferences take and give: the domain's own values."""

from chinwag.domain.preferences import Preferences, Preferred

__all__ = ["Preferences", "Preferred"]
