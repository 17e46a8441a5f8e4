"""Pictures and videos made in processes of their own."""

from chinwag.adapters.workshop.workshop import ProcessWorkshop

__all__ = ["ProcessWorkshop"]
