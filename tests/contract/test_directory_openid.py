"""The contract of what the Directory keeps of log-ins by providers, over every adapter."""

import msgspec
import pytest
from tests.contract.directories import Open, people

from chinwag.domain.account import AccountSettings, name_key
from chinwag.domain.conversation import Role
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.directory import (
    Account,
    Arrival,
    Device,
    Directory,
    GivenPlace,
    Identity,
    OpenIdSession,
    PlacesDue,
    Trip,
    openid_trips,
)

ANN, BEN = AccountId("1"), AccountId("2")
ISSUER = "https://id.example.org"
HERS = Identity(ISSUER, "s-1", ANN, "staff", 5, ("a", "\u00e9"), True)
TRIP = Trip(b"state", "staff", "binding", "http://127.0.0.1:9/", "nonce", "verifier", None, 100)
ARRIVAL = Arrival(b"code", "staff", "binding", None, 100, ISSUER, "s-1", "sid", "ann", "Ann", ("a",), b"\0sealed")
GROUP = ConversationId("g~1")
PLACE = GivenPlace(ANN, GROUP, "staff", ClientId("enter-1"), 0, Role.ADMIN)


async def test_an_account_may_be_without_a_password(directory: Directory) -> None:
    account = Account(ANN, "ann", "", "", AccountSettings(), False, 1)
    async with directory.transaction() as transaction:
        await transaction.accounts.create(account, name_key("ann"), "")
        assert await transaction.accounts.password(ANN) == ""


async def test_an_identity_is_one_accounts(directory: Directory, opener: Open) -> None:
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        identities = transaction.identities
        assert await identities.get(ISSUER, "s-1") is None
        await identities.put(HERS)
        await identities.put(msgspec.structs.replace(HERS, groups=("b",), made_admin=False))
        await identities.put(HERS)
        await identities.put(Identity("https://other.example.org", "s-1", ANN, "other", 6))
        await identities.put(Identity(ISSUER, "s-2", BEN, "staff", 7))
    taken = (
        Identity(ISSUER, "s-1", BEN, "staff", 8),
        Identity(ISSUER, "s-3", BEN, "elsewhere", 8),
        Identity("https://third.example.org", "s-1", BEN, "staff", 8),
    )
    for identity in taken:
        with pytest.raises(Refused) as refusal:
            async with directory.transaction() as transaction:
                await transaction.identities.put(identity)
        assert refusal.value.code is Code.IDENTITY_TAKEN, identity
    again = await opener()
    async with again.reading() as reading:
        assert await reading.identities.get(ISSUER, "s-1") == HERS
        assert [one.provider for one in await reading.identities.of(ANN)] == ["other", "staff"]
        assert [one.subject for one in await reading.identities.of(BEN)] == ["s-2"]
    await again.close()
    async with directory.transaction() as transaction:
        await transaction.identities.made_by_hand(ANN)
        assert await transaction.identities.get(ISSUER, "s-1") == msgspec.structs.replace(HERS, made_admin=False)
        assert await transaction.identities.remove(ANN, "staff")
        assert not await transaction.identities.remove(ANN, "staff")
        assert [one.provider for one in await transaction.identities.of(ANN)] == ["other"]


async def test_what_a_provider_gave_goes_with_its_name(directory: Directory) -> None:
    await people(directory, "1", "2")
    other = msgspec.structs.replace(PLACE, account=BEN)
    async with directory.transaction() as transaction:
        identities = transaction.identities
        await identities.put(HERS)
        assert await identities.place(PLACE)
        assert await identities.place(other)
        assert await identities.place(msgspec.structs.replace(PLACE, conversation=ConversationId("g~2"), provider="x"))
        await identities.put(msgspec.structs.replace(HERS, provider="people"))
        assert await identities.places(ANN, "staff") == []
        assert await identities.places(ANN, "people") == [msgspec.structs.replace(PLACE, provider="people")]
        assert [one.conversation for one in await identities.places(ANN, "x")] == ["g~2"]
        assert await identities.places(BEN, "staff") == [other]


async def test_places_are_kept_and_what_is_due_is_done_once(directory: Directory) -> None:
    await people(directory, "1", "2")
    entered = msgspec.structs.replace(PLACE, joined=7)
    async with directory.transaction() as transaction:
        identities = transaction.identities
        assert await identities.place(PLACE)
        assert await identities.place(entered)
        assert not await identities.place(msgspec.structs.replace(PLACE, provider="other"))
        assert await identities.place(msgspec.structs.replace(PLACE, account=BEN, provider="other"))
        assert await identities.places(ANN, "staff") == [entered]
        assert await identities.places(ANN, "other") == []
        for at in (5, 9):
            await identities.change_places(PlacesDue(ANN, "staff", at))
        await identities.change_places(PlacesDue(BEN, "other", 7))
        assert await identities.due(9) == [PlacesDue(BEN, "other", 7), PlacesDue(ANN, "staff", 9)]
        assert await identities.due(1) == [PlacesDue(BEN, "other", 7)]
        await identities.done(PlacesDue(ANN, "staff", 5))  # there was a change since
        await identities.done(PlacesDue(BEN, "other", 7))
        assert await identities.due(9) == [PlacesDue(ANN, "staff", 9)]
        await identities.unplace(ANN, GROUP)
        assert await identities.places(ANN, "staff") == []


async def test_a_trip_is_taken_once_and_in_time(directory: Directory, opener: Open) -> None:
    async with directory.transaction() as transaction:
        for state, expires_at in ((b"a", 100), (b"b", 100), (b"c", 50)):
            await transaction.openid_trips.begin(
                msgspec.structs.replace(TRIP, state=state, expires_at=expires_at, link=ANN), 10
            )
    other = await opener()
    async with other.transaction() as transaction:
        assert await transaction.openid_trips.take(b"x", 60) is None
        assert await transaction.openid_trips.take(b"a", 60) == msgspec.structs.replace(TRIP, state=b"a", link=ANN)
    await other.close()
    async with directory.transaction() as transaction:
        assert await transaction.openid_trips.take(b"a", 60) is None
        assert await transaction.openid_trips.take(b"c", 60) is None, "it has expired"
        assert await transaction.openid_trips.take(b"b", 100) is None, "it expires now"


async def test_trips_are_bounded_and_old_ones_make_room(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chinwag.adapters.relational.openid_trips.TRIPS_MAX", 2)
    assert openid_trips.TRIPS_MAX > 2
    async with directory.transaction() as transaction:
        for state in (b"a", b"b"):
            await transaction.openid_trips.begin(msgspec.structs.replace(TRIP, state=state), 10)
        with pytest.raises(Refused) as refusal:
            await transaction.openid_trips.begin(TRIP, 99)
        assert refusal.value.code is Code.OVERLOADED
        await transaction.openid_trips.begin(TRIP, 100)


@pytest.mark.parametrize(
    ("subject", "session", "stay"),
    [
        ("s-1", "", [b"other", b"theirs"]),
        ("", "sid", [b"other", b"theirs", b"unnamed"]),
        ("s-1", "sid", [b"other", b"theirs"]),
        ("s-1", "sid-2", [b"code", b"other", b"theirs"]),
        ("s-2", "sid", [b"code", b"other", b"unnamed"]),
        ("", "", [b"code", b"other", b"theirs", b"unnamed"]),
    ],
)
async def test_whoever_a_provider_logs_out_is_turned_back(
    directory: Directory, subject: str, session: str, stay: list[bytes]
) -> None:
    arrivals = (
        ARRIVAL,
        msgspec.structs.replace(ARRIVAL, code=b"unnamed", session=""),
        msgspec.structs.replace(ARRIVAL, code=b"theirs", subject="s-2", session=""),
        msgspec.structs.replace(ARRIVAL, code=b"other", issuer="https://other.example.org"),
    )
    async with directory.transaction() as transaction:
        for arrival in arrivals:
            await transaction.openid_trips.arrive(arrival)
        await transaction.openid_trips.turn_back(ISSUER, subject, session)
        found = [one.code for one in arrivals if await transaction.openid_trips.find(one.code, 1) is not None]
    assert sorted(found) == stay


async def test_an_arrival_is_used_once_and_stays_when_its_use_fails(directory: Directory) -> None:
    async with directory.transaction() as transaction:
        await transaction.openid_trips.arrive(ARRIVAL)
        await transaction.openid_trips.arrive(msgspec.structs.replace(ARRIVAL, code=b"late"))

    async def fail() -> None:
        async with directory.transaction() as transaction:
            assert await transaction.openid_trips.redeem(b"code", 60) == ARRIVAL
            raise Refused(Code.NOT_INVITED)

    with pytest.raises(Refused):
        await fail()
    async with directory.transaction() as transaction:
        assert await transaction.openid_trips.find(b"code", 99) == ARRIVAL
        assert await transaction.openid_trips.find(b"code", 100) is None
        assert await transaction.openid_trips.redeem(b"code", 60) == ARRIVAL
        assert await transaction.openid_trips.find(b"code", 60) is None
        assert await transaction.openid_trips.redeem(b"code", 60) is None
        assert await transaction.openid_trips.redeem(b"late", 100) is None


async def test_a_logout_token_is_used_once(directory: Directory) -> None:
    async with directory.transaction() as transaction:
        assert await transaction.openid_trips.use(b"one", 100, 10)
        assert await transaction.openid_trips.use(b"two", 300, 10)
    async with directory.transaction() as transaction:
        assert not await transaction.openid_trips.use(b"one", 100, 99)
        assert await transaction.openid_trips.use(b"three", 300, 200)
        assert not await transaction.openid_trips.use(b"two", 300, 200)


async def test_what_nobody_came_back_for_goes(directory: Directory) -> None:
    async with directory.transaction() as transaction:
        trips = transaction.openid_trips
        assert not await trips.expired(10**15)
        await trips.begin(TRIP, 10)
        await trips.arrive(ARRIVAL)
        await trips.arrive(msgspec.structs.replace(ARRIVAL, code=b"later", expires_at=200))
        await trips.use(b"one", 300, 10)
        assert not await trips.expired(99)
        await trips.expire(99)
        assert await trips.find(b"code", 99) == ARRIVAL
        for now in (100, 200, 300):
            assert await trips.expired(now)
            await trips.expire(now)
            assert not await trips.expired(now)
        # as if no time had passed: gone is gone
        assert await trips.take(TRIP.state, 10) is None
        assert await trips.find(b"later", 10) is None
        assert await trips.use(b"one", 300, 10)


async def test_sessions_are_found_by_person_and_by_session_and_go_with_their_device(directory: Directory) -> None:
    await people(directory, "1", "2")
    sessions = [
        OpenIdSession(DeviceId(f"d{number}"), "staff", issuer, subject, sid, b"\1", 5, 6, 7)
        for number, (issuer, subject, sid) in enumerate(
            ((ISSUER, "s-1", "x"), (ISSUER, "s-1", "y"), (ISSUER, "s-2", ""), ("https://other.example.org", "s-1", "x"))
        )
    ]
    async with directory.transaction() as transaction:
        for session in sessions:
            await transaction.devices.create(Device(session.device, ANN, "", 1, 1))
            await transaction.openid_sessions.put(session)
        named = transaction.openid_sessions.named
        assert await named(ISSUER, "s-1", "") == ["d0", "d1"]
        assert await named(ISSUER, "", "x") == ["d0"]
        assert await named(ISSUER, "s-2", "x") == ["d2"], "its session has no name: it may be this one"
        assert await named(ISSUER, "s-3", "x") == []
        assert await named(ISSUER, "", "") == []
        changed = msgspec.structs.replace(sessions[0], away_since=0, refresh_token=b"")
        await transaction.openid_sessions.put(changed)
        assert await transaction.openid_sessions.of(DeviceId("d0")) == changed
        await transaction.devices.revoke(DeviceId("d0"), 9)
        assert await transaction.openid_sessions.of(DeviceId("d0")) is None
        await transaction.devices.revoke_all(ANN, 9)
        assert await named(ISSUER, "s-1", "") == await named(ISSUER, "s-2", "") == []


async def test_all_of_it_goes_when_the_account_is_closed(directory: Directory) -> None:
    await people(directory, "1", "2")
    async with directory.transaction() as transaction:
        await transaction.devices.create(Device(DeviceId("d0"), ANN, "", 1, 1))

        async def put_all() -> None:
            await transaction.identities.put(HERS)
            await transaction.identities.place(PLACE)
            await transaction.identities.change_places(PlacesDue(ANN, "staff", 1))
            await transaction.openid_trips.begin(msgspec.structs.replace(TRIP, link=ANN), 1)
            await transaction.openid_trips.arrive(msgspec.structs.replace(ARRIVAL, link=ANN))
            # to log in, and never used: only whom it names says whose it is
            await transaction.openid_trips.arrive(msgspec.structs.replace(ARRIVAL, code=b"unused"))
            await transaction.openid_sessions.put(OpenIdSession(DeviceId("d0"), "staff", ISSUER, "s-1", "x", b"", 1))

        async def left() -> list[object]:
            return [
                await transaction.identities.of(ANN),
                await transaction.identities.places(ANN, "staff"),
                await transaction.identities.due(9),
                await transaction.openid_trips.take(TRIP.state, 1) or [],
                await transaction.openid_trips.redeem(ARRIVAL.code, 1) or [],
                await transaction.openid_trips.redeem(b"unused", 1) or [],
                await transaction.openid_sessions.named(ISSUER, "s-1", ""),
            ]

        another = msgspec.structs.replace(ARRIVAL, code=b"another's", subject="s-2")
        await transaction.openid_trips.arrive(another)
        await put_all()
        assert all(await left())
        await put_all()
        await transaction.erasures.begin(ANN, 5)
        assert await left() == [[]] * 7
        assert await transaction.openid_trips.redeem(b"another's", 1) == another
        await put_all()  # as what is under way might
        await transaction.erasures.forget(ANN)
        assert await left() == [[]] * 7
