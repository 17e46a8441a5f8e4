"""Where words are found with a visitor: in what a browser keeps, in the page, in what it was told of."""

from typing import Final

from playwright.async_api import Page
from tests.web.app.test_told import SHOWN
from tests.web.app.visitor import Visitor

KEPT: Final = """async () => {
  const answer = (asked) => new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const found = [];
  for (const { name } of await indexedDB.databases()) {
    const open = await answer(indexedDB.open(name));
    for (const store of open.objectStoreNames) {
      found.push(await answer(open.transaction(store).objectStore(store).getAll()));
    }
    open.close();
  }
  return JSON.stringify(found, (_, value) => value instanceof Map || value instanceof Set ? [...value] : value);
}"""
"""All that a browser keeps, in every store of every database."""
DRAWN: Final = "() => document.title + document.documentElement.outerHTML"
PLACES: Final = {"kept": KEPT, "drawn": DRAWN, "told": SHOWN}


async def traces(visitor: Visitor, words: str) -> list[str]:
    """Where these words are found with a visitor."""
    return [place for place, script in PLACES.items() if words in str(await visitor.page.evaluate(script))]


async def kept(page: Page, words: str) -> bool:
    """Whether a browser keeps these words. page: any of the same address, the app's or not."""
    return words in str(await page.evaluate(KEPT))
