"""More events at once than an engine lets wait: it reads them from the inbox in several sessions, and keeps all."""

from prove.process import ServerProcess
from tests.web.browsers import chromium, until
from tests.web.bulk import person, write_direct
from tests.web.gate import Gate
from tests.web.tabs import Complaints, kept, me, sign_up

MANY = 10_000


async def test_ten_thousand_events_at_once_are_all_taken(page_server: ServerProcess) -> None:
    complaints = Complaints()
    gate = Gate(lambda: page_server.url)
    await gate.start()
    async with chromium() as browser:
        anna = await sign_up(await browser.new_context(), gate.url, "anna", complaints)
        ben = await sign_up(await browser.new_context(), gate.url, "ben", complaints)
        conversation = await anna.evaluate("(other) => engine.directWith(other)", await me(ben))
        sender, other = await person(ben), await person(anna)
        gate.cut()
        await until(anna, "() => engine.connection.now.state !== 'online'")
        assert await page_server.stop() == 0
        await write_direct(page_server.data, sender, other, MANY)
        await page_server.start()
        gate.mend()
        await until(anna, "([id, head]) => engine.conversation(id).now?.head === head", [conversation, MANY])
        row = await anna.evaluate("(id) => engine.conversations.now.find((one) => one.id === id)", conversation)
        assert (row["unread"], row["last"]["number"]) == (MANY, MANY)
        numbers = await anna.evaluate(
            """async (id) => {
              const window = engine.open(id, "newest");
              for (let tries = 0; tries < 6; tries += 1) await window.showBefore(50);
              const numbers = window.now.rows.map((row) => row.number);
              window.close();
              return numbers;
            }""",
            conversation,
        )
        assert numbers == list(range(numbers[0], MANY + 1)), "once each, and in order"
        assert len(numbers) > 300
        assert len(await kept(anna, conversation)) >= 2_000
    await gate.stop()
    assert complaints == []
