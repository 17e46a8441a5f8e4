"""The contract of the Directory's blocks and of the declines that are due, over every adapter."""

from tests.contract.directories import Open, people

from chinwag.domain.ids import AccountId
from chinwag.ports.directory import DeclineDue, Directory

ANN, BEN, CLO = AccountId("1"), AccountId("2"), AccountId("3")


async def test_a_block_has_a_direction(directory: Directory) -> None:
    await people(directory, "1", "2", "3")
    async with directory.transaction() as transaction:
        blocks = transaction.blocks
        assert await blocks.put(ANN, BEN, 5)
        assert not await blocks.put(ANN, BEN, 6)
        await blocks.put(CLO, ANN, 7)
        assert await blocks.has(ANN, BEN)
        assert not await blocks.has(BEN, ANN)
        assert await blocks.page(ANN, None, 9) == [(BEN, 5)]
        assert await blocks.page(ANN, BEN, 9) == []
        assert await blocks.by(ANN, [BEN, CLO]) == {BEN}
        assert await blocks.against(ANN, [BEN, CLO]) == {CLO}
        assert await blocks.among([ANN, BEN, CLO], [ANN, BEN]) == {(ANN, BEN), (CLO, ANN)}
        assert await blocks.count(ANN) == 1
        assert await blocks.around_each([ANN, BEN], 9) == {ANN: {BEN, CLO}, BEN: {ANN}}
        assert {name: len(others) for name, others in (await blocks.around_each([ANN, BEN], 1)).items()} == {
            ANN: 1,
            BEN: 1,
        }
        assert await blocks.remove(ANN, BEN)
        assert not await blocks.remove(ANN, BEN)
        assert await blocks.around_each([ANN, BEN], 9) == {ANN: {CLO}, BEN: set()}


async def test_refusals_wait_oldest_first_one_a_pair_until_done(directory: Directory, opener: Open) -> None:
    async with directory.transaction() as transaction:
        declines = transaction.declines
        await declines.add(ANN, BEN, 1)
        await declines.add(ANN, None, 2)
        await declines.add(ANN, BEN, 3)
    again = await opener()
    async with again.transaction() as transaction:
        waiting = await transaction.declines.pending(9)
        assert waiting == [DeclineDue(ANN, None, 2), DeclineDue(ANN, BEN, 3)]
        assert await transaction.declines.pending(1) == waiting[:1]
        await transaction.declines.done(waiting[0])
        assert await transaction.declines.pending(9) == waiting[1:]
        await transaction.declines.done(waiting[1])
        assert await transaction.declines.pending(9) == []
    await again.close()


async def test_after_a_restore_all_refusals_that_are_known_wait_again_once_each(directory: Directory) -> None:
    await people(directory, "1", "2", "3")
    async with directory.transaction() as transaction:
        await transaction.blocks.put(ANN, BEN, 5)
        await transaction.blocks.put(BEN, CLO, 5)
        await transaction.accounts.set_disabled(CLO, True)
        await transaction.declines.add(BEN, CLO, 6)
    for at, added in ((7, 2), (8, 0)):
        async with directory.transaction() as transaction:
            assert await transaction.declines.add_all(at, 9) == added
    async with directory.reading() as reading:
        waiting = await reading.declines.pending(9)
    assert waiting == [DeclineDue(BEN, CLO, 6), DeclineDue(ANN, BEN, 7), DeclineDue(CLO, None, 7)]
