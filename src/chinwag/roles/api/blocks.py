"""Blocks: from whom one takes nothing any more."""

from litestar import delete, get, put
from litestar.params import FromPath

from chinwag.domain.ids import AccountId
from chinwag.flow.accounts.block import block, list_blocks, unblock
from chinwag.roles.api import answers
from chinwag.roles.api.admit import Caller
from chinwag.roles.api.answers import AccountVerbs
from chinwag.roles.api.people import After, Limit
from chinwag.wire.blocks import Block
from chinwag.wire.http import Page


@get("/blocks", operation_id="listBlocks", summary="Whom I block", tags=["blocks"])
async def get_blocks(accounts: AccountVerbs, principal: Caller, after: After = None, limit: Limit = 50) -> Page[Block]:
    """In a fixed order. Nobody else is told."""
    found = await list_blocks(accounts, principal.account, None if after is None else AccountId(after), limit + 1)
    items = [Block(answers.user(other), at) for other, at in found[:limit]]
    return Page(items, next=items[-1].user.id if len(found) > limit else None)


@put("/blocks/{account_id:str}", status_code=204, operation_id="block", summary="Block somebody", tags=["blocks"])
async def put_block(account_id: FromPath[str], accounts: AccountVerbs, principal: Caller) -> None:
    """Its direct messages are refused from about now on, and neither sees the other's presence. Friendship ends."""
    await block(accounts, principal.account, AccountId(account_id))


@delete("/blocks/{account_id:str}", operation_id="unblock", summary="Unblock somebody", tags=["blocks"])
async def delete_block(account_id: FromPath[str], accounts: AccountVerbs, principal: Caller) -> None:
    """Doing it again changes nothing. Friendship does not come back by itself."""
    await unblock(accounts, principal.account, AccountId(account_id))


HANDLERS = [get_blocks, put_block, delete_block]
