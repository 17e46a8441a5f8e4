"""The audit log, to be read by those who run the server."""

from chinwag.flow.access.collaborators import Accounts
from chinwag.ports.directory import AuditRow


async def list_audit(
    accounts: Accounts, before: int | None, limit: int, *, actor: str | None = None, target: str | None = None
) -> list[AuditRow]:
    """The audit log, the latest first, below entry `before`."""
    async with accounts.directory.reading() as directory:
        return await directory.audit.page(before, limit, actor, target)
