"""The contract of the Directory's preferences, over every adapter."""

from tests.contract.directories import Open, people

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.preferences import Preferences, Preferred
from chinwag.ports.directory import Directory

ANN, BEN = AccountId("1"), AccountId("2")
NAMES = [ConversationId(name) for name in ("d~1~2", "g~1", "g~10", "g~2", "g~\u00e9")]


async def test_what_was_put_last_is_kept(directory: Directory, opener: Open) -> None:
    await people(directory, "1", "2")
    muted = Preferences(muted_until=(1 << 53) - 1, notify="mentions", pinned=True, archived_at=7, unread=True)
    async with directory.transaction(account=ANN) as transaction:
        preferences = transaction.preferences
        assert await preferences.get(ANN, NAMES[0]) is None
        for version, wanted in enumerate((Preferences(pinned=True), muted), 2):
            await preferences.put(ANN, NAMES[0], wanted, version)
            assert await preferences.get(ANN, NAMES[0]) == Preferred(NAMES[0], wanted, version)
        await preferences.put(BEN, NAMES[0], Preferences(), 1)
    again = await opener()
    async with again.reading() as reading:
        assert await reading.preferences.get(ANN, NAMES[0]) == Preferred(NAMES[0], muted, 3)
        assert await reading.preferences.get(BEN, NAMES[0]) == Preferred(NAMES[0], Preferences(), 1)
        assert (await reading.preferences.count(ANN), await reading.preferences.count(AccountId("3"))) == (1, 0)
    await again.close()


async def test_pages_go_by_conversation(directory: Directory) -> None:
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        for name in reversed(NAMES):
            await transaction.preferences.put(ANN, name, Preferences(unread=True), 1)
        await transaction.preferences.put(BEN, NAMES[0], Preferences(), 1)
    async with directory.reading() as reading:
        for limit in (1, 2, 9):
            found: list[ConversationId] = []
            while page := await reading.preferences.page(ANN, found[-1] if found else None, limit):
                assert len(page) <= limit
                found += [one.conversation for one in page]
            assert found == NAMES
        among = await reading.preferences.among([ANN, BEN, AccountId("3")], NAMES[:2])
        assert among == {
            (ANN, NAMES[0]): Preferences(unread=True),
            (ANN, NAMES[1]): Preferences(unread=True),
            (BEN, NAMES[0]): Preferences(),
        }


async def test_who_wants_to_be_told_of_everything_is_known_by_conversation(directory: Directory) -> None:
    everybody = [AccountId(one) for one in ("1", "10", "2", "3")]
    await people(directory, *everybody)
    every = Preferences(every=True)
    async with directory.transaction() as transaction:
        put = transaction.preferences.put
        for one in reversed(everybody):
            await put(one, NAMES[1], every, 1)
        await put(ANN, NAMES[2], Preferences(pinned=True), 1)
        await put(BEN, NAMES[2], Preferences(notify="mentions", every=True), 1)
    async with directory.reading() as reading:
        wants = reading.preferences.who_wants_every
        assert await wants(NAMES[1], None, 9) == everybody
        assert await wants(NAMES[1], everybody[1], 1) == [everybody[2]]
        assert await wants(NAMES[2], None, 9) == await wants(NAMES[0], None, 9) == []
    async with directory.transaction() as transaction:
        await transaction.preferences.put(BEN, NAMES[1], Preferences(), 2)
        await transaction.erasures.begin(ANN, 5)
        assert await transaction.preferences.who_wants_every(NAMES[1], None, 9) == [everybody[1], everybody[3]]


async def test_they_go_when_the_account_is_closed(directory: Directory) -> None:
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        for account in (ANN, BEN):
            await transaction.preferences.put(account, NAMES[0], Preferences(pinned=True), 1)
        await transaction.erasures.begin(ANN, 5)
        assert await transaction.preferences.get(ANN, NAMES[0]) is None
        await transaction.preferences.put(ANN, NAMES[1], Preferences(pinned=True), 1)  # as one under way might
        await transaction.erasures.forget(ANN)
        assert await transaction.preferences.page(ANN, None, 9) == []
        assert await transaction.preferences.count(BEN) == 1
