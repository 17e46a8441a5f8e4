"""What a client asks about people: itself, others, friends, blocks, presence."""

from collections.abc import Sequence
from urllib.parse import quote

from chinwag.client.asking import Asking
from chinwag.wire.blocks import Block
from chinwag.wire.http import ChangeProfileRequest, Friend, Me, Page, PresenceEntry, User
from chinwag.wire.values import AccountId


class People(Asking):
    """Accounts, as this one may see them."""

    async def me(self) -> Me:
        """One's own account."""
        return await self._http.get("/v1/me", Me)

    async def set_profile(self, *, display_name: str | None = None, about: str | None = None) -> Me:
        """Change what others see; what is not given stays."""
        return await self._http.patch("/v1/me", ChangeProfileRequest(display_name, about), Me)

    async def user(self, account: AccountId) -> User:
        """One account, by its id."""
        return await self._http.get(f"/v1/users/{quote(account, safe='')}", User)

    async def users(self, accounts: Sequence[AccountId]) -> list[User]:
        """Those of up to 100 accounts that exist, in no order."""
        return (await self._http.get("/v1/users", Page[User], id=list(accounts))).items

    async def find_user(self, name: str) -> User | None:
        """The account of that name, in any case; None if there is none."""
        found = await self._http.get("/v1/users", Page[User], name=name)
        return found.items[0] if found.items else None

    async def search_users(self, beginning: str) -> list[User]:
        """At most 20 of whose name, or of a word of whose display name, this is the beginning; friends first."""
        return (await self._http.get("/v1/users", Page[User], search=beginning)).items

    async def friends(self) -> list[Friend]:
        """All friends."""
        return await self._every("/v1/friends", Page[Friend])

    async def friend_requests(self) -> list[Friend]:
        """Requests that wait, one's own and those of others: `by` says whose."""
        return await self._every("/v1/friends/requests", Page[Friend])

    async def befriend(self, account: AccountId) -> Friend:
        """Ask for friendship, or accept what the other asked."""
        return await self._http.put(f"/v1/friends/{quote(account, safe='')}", Friend)

    async def unfriend(self, account: AccountId) -> None:
        """End a friendship, decline a request, or take one's own back."""
        await self._http.delete(f"/v1/friends/{quote(account, safe='')}")

    async def presence(self, accounts: Sequence[AccountId]) -> list[PresenceEntry]:
        """Who of up to 100 accounts is online; those of whom one may not know are left out."""
        return (await self._http.get("/v1/presence", Page[PresenceEntry], account=list(accounts))).items

    async def blocks(self) -> list[Block]:
        """Everybody whom one blocks. Nobody else is told."""
        return await self._every("/v1/blocks", Page[Block])

    async def block(self, account: AccountId) -> None:
        """Take no direct messages of `account` from about now on; a friendship with it ends."""
        await self._http.put_quietly(f"/v1/blocks/{quote(account, safe='')}")

    async def unblock(self, account: AccountId) -> None:
        """Block it no longer. A friendship does not come back by itself."""
        await self._http.delete(f"/v1/blocks/{quote(account, safe='')}")
