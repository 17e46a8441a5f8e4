"""Other people: look them up, be friends with them."""

from typing import Annotated, Final

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from chinwag.domain.account_friendship import Bond
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Principal
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.accounts.friends import befriend, list_friends, unfriend
from chinwag.flow.accounts.look_up import find_account, get_account, get_accounts
from chinwag.flow.people_search import PeopleSearch
from chinwag.roles.api import answers
from chinwag.roles.api.admit import Caller
from chinwag.roles.api.answers import AccountVerbs
from chinwag.wire.http import Friend, Page, User

IDS_MAX: Final = 100
LIMIT_MAX: Final = 200

Search = NamedDependency[PeopleSearch]
"""The type of a handler's `people_search`."""
After = Annotated[str | None, QueryParameter(max_length=64, description="`next` of the page before.")]
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="Items in the page at most.")]


@get("/users/{account_id:str}", operation_id="getUser", summary="One user", tags=["users"])
async def get_user(account_id: FromPath[str], accounts: AccountVerbs) -> User:
    """What everybody may see of an account."""
    return answers.user(await get_account(accounts, AccountId(account_id)))


@get("/users", operation_id="findUsers", summary="Find users by search, by name or by ids", tags=["users"])
async def get_users(
    accounts: AccountVerbs,
    principal: Caller,
    people_search: Search,
    search: Annotated[
        str | None,
        QueryParameter(max_length=200, description="The beginning of a name, or of words of a display name."),
    ] = None,
    name: Annotated[str | None, QueryParameter(max_length=200, description="The whole name, in any case.")] = None,
    ids: Annotated[
        list[str] | None, QueryParameter(name="id", max_items=IDS_MAX, description="May be given many times.")
    ] = None,
) -> Page[User]:
    """The users that exist of those asked for: those whom a search may show, at most 20, friends first; or the one of
    that name; or those with these ids, in no order."""
    if sum(one is not None for one in (search, name, ids)) != 1:
        raise Refused(Code.BAD_REQUEST, "give a search, a name, or ids")
    if search is not None:
        return Page([answers.user(one) for one in await people_search.search(principal.account, search)])
    if ids is not None:
        return Page([answers.user(one) for one in await get_accounts(accounts, [AccountId(one) for one in ids])])
    try:
        return Page([answers.user(await find_account(accounts, name or ""))])
    except Refused as refusal:
        if refusal.code is not Code.NO_ACCOUNT:
            raise
        return Page([])


@get("/friends", operation_id="listFriends", summary="My friends", tags=["friends"])
async def get_friends(
    accounts: AccountVerbs, principal: Caller, after: After = None, limit: Limit = 50
) -> Page[Friend]:
    """One's friends, in a fixed order."""
    return await _page(accounts, principal, Bond.FRIENDS, after, limit)


@get("/friends/requests", operation_id="listFriendRequests", summary="Open friend requests", tags=["friends"])
async def get_requests(
    accounts: AccountVerbs, principal: Caller, after: After = None, limit: Limit = 50
) -> Page[Friend]:
    """Requests that wait, one's own and those of others: `by` says whose."""
    return await _page(accounts, principal, Bond.REQUESTED, after, limit)


@put("/friends/{account_id:str}", operation_id="befriend", summary="Ask for friendship, or accept", tags=["friends"])
async def put_friend(account_id: FromPath[str], accounts: AccountVerbs, principal: Caller) -> Friend:
    """Ask for friendship, or accept what the other asked. Both are told. Doing it again changes nothing."""
    other = AccountId(account_id)
    pair = await befriend(accounts, principal.account, other)
    return answers.friend(pair, await get_account(accounts, other))


@delete("/friends/{account_id:str}", operation_id="unfriend", summary="End, decline or take back", tags=["friends"])
async def delete_friend(account_id: FromPath[str], accounts: AccountVerbs, principal: Caller) -> None:
    """End a friendship, decline a request, or take one's own back. Both are told. Doing it again changes nothing."""
    await unfriend(accounts, principal.account, AccountId(account_id))


async def _page(accounts: Accounts, principal: Principal, bond: Bond, after: str | None, limit: int) -> Page[Friend]:
    cursor = None if after is None else AccountId(after)
    found = await list_friends(accounts, principal.account, bond, cursor, limit + 1)
    shown = found[:limit]
    items = [answers.friend(pair, other) for pair, other, seen in shown if seen]
    return Page(items, next=shown[-1][1].id if len(found) > limit else None)


HANDLERS = [get_user, get_users, get_friends, get_requests, put_friend, delete_friend]
