"""The contract of the Directory's listing of open groups, and of its join links, over every adapter."""

import msgspec
from tests.contract.directories import people

from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.ports.directory import Directory, JoinLink, LinkUse, ListingMark, OpenGroup

GROUP = ConversationId("g~1")
ANN, BEN = AccountId("1"), AccountId("2")


def group(number: int, title: str, *, members: int = 1, head: int = 1) -> OpenGroup:
    return OpenGroup(ConversationId(f"g~{number}"), title, "", members, head)


def link(id_: str, uses: int = 1, *, expires_at: int = 100) -> JoinLink:
    return JoinLink(
        id=id_,
        conversation=GROUP,
        digest=id_.encode(),
        created_by=ANN,
        created_at=1,
        expires_at=expires_at,
        uses=uses,
        uses_left=uses,
    )


def use(of: str, account: AccountId, at: int = 5) -> LinkUse:
    return LinkUse(of, account, DeviceId("d"), ClientId("k"), at)


async def listed(directory: Directory, search: str = "", after: tuple[str, ConversationId] | None = None) -> list[str]:
    async with directory.reading() as transaction:
        return [one.title for one in await transaction.listing.page(search, after, 50)]


async def test_groups_are_found_by_a_part_of_their_title_in_any_case(directory: Directory) -> None:
    async with directory.transaction() as transaction:
        for number, title in enumerate(["Zug 100%", "straße", "Ａlpen", "a_b"]):
            await transaction.listing.put(group(number, title))
        await transaction.listing.put(group(9, "empty", members=0))
    assert await listed(directory) == ["a_b", "Ａlpen", "straße", "Zug 100%"]
    assert await listed(directory, "STRASSE") == ["straße"]
    assert await listed(directory, "alp") == ["Ａlpen"]
    assert await listed(directory, "0%") == ["Zug 100%"]
    assert await listed(directory, "a%b") == []
    assert await listed(directory, "_") == ["a_b"]


async def test_pages_go_on_after_a_place_that_need_not_be_listed(directory: Directory) -> None:
    async with directory.transaction() as transaction:
        for number in (1, 2, 3):
            await transaction.listing.put(group(number, "same"))
    assert len(await listed(directory, "", ("same", ConversationId("g~1")))) == 2
    async with directory.transaction() as transaction:
        await transaction.listing.remove(ConversationId("g~2"), 1)
    assert len(await listed(directory, "", ("same", ConversationId("g~2")))) == 1


async def test_what_was_true_earlier_never_replaces_what_is_true_later(directory: Directory) -> None:
    async with directory.transaction() as transaction:
        await transaction.listing.put(group(1, "new", head=5))
        await transaction.listing.put(group(1, "old", head=4))
        await transaction.listing.remove(GROUP, 4)
    assert await listed(directory) == ["new"]
    async with directory.transaction() as transaction:
        assert await transaction.listing.conversations(None, 9) == [GROUP]
        assert await transaction.listing.conversations(GROUP, 9) == []
        await transaction.listing.remove(GROUP, 5)
    assert await listed(directory) == []


async def test_the_listings_mark_goes_forward_within_an_epoch(directory: Directory) -> None:
    async with directory.transaction() as transaction:
        assert await transaction.listing.mark() == ListingMark(0, 0)
        await transaction.listing.advance(ListingMark(1, 7))
        await transaction.listing.advance(ListingMark(1, 3))
        assert await transaction.listing.mark() == ListingMark(1, 7)
        await transaction.listing.advance(ListingMark(2, 3))
        assert await transaction.listing.mark() == ListingMark(2, 3)


async def test_a_link_is_found_by_its_digest_and_its_group_until_it_ends(directory: Directory) -> None:
    await people(directory, "1")
    async with directory.transaction() as transaction:
        for one in (link("a"), link("b"), link("late", expires_at=9)):
            await transaction.links.create(one)
        assert await transaction.links.by_digest(b"a") == link("a")
        assert await transaction.links.by_digest(b"x") is None
        assert [one.id for one in await transaction.links.of(GROUP, 8)] == ["late", "b", "a"]
        assert [one.id for one in await transaction.links.of(GROUP, 9)] == ["b", "a"]
        await transaction.links.revoke("a", 7)
        await transaction.links.revoke("a", 8)
        assert [one.id for one in await transaction.links.of(GROUP, 9)] == ["b"]
        assert await transaction.links.get("a") == msgspec.structs.replace(link("a"), revoked_at=7)


async def test_uses_are_counted_and_counted_back(directory: Directory) -> None:
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        links = transaction.links
        await links.create(link("a"))
        assert await links.take(use("a", ANN))
        assert await links.used("a", ANN) == use("a", ANN)
        assert not await links.take(use("a", BEN))
        assert await links.used("a", BEN) is None
        await links.give_back("a", ANN)
        await links.give_back("a", ANN)
        found = await links.get("a")
        assert found is not None
        assert found.uses_left == 1
        assert await links.take(use("a", BEN))
        await links.joined("a", BEN)
        await links.give_back("a", BEN)
        found = await links.get("a")
        assert found is not None
        assert found.uses_left == 0


async def test_uses_whose_end_is_not_known_are_found_by_age(directory: Directory) -> None:
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        links = transaction.links
        await links.create(link("a", 5))
        await links.take(use("a", ANN, at=5))
        await links.take(use("a", BEN, at=6))
        assert await links.unsettled(5, 9) == []
        assert await links.unsettled(6, 9) == [use("a", ANN, at=5)]
        assert len(await links.unsettled(7, 1)) == 1
        await links.joined("a", ANN)
        assert await links.unsettled(7, 9) == [use("a", BEN, at=6)]
