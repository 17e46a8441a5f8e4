/** Loading all afresh, without a race: the cursor first, then what it covers, then the events after it. */
import {
  type Block,
  type Bond,
  type Content,
  conversationPages,
  type Cursor,
  currentCursor,
  type Friend,
  type Http,
  type AccountSettings,
  type AnnouncementView,
  NOTHING,
  type Preferred,
  type Own,
  type Range,
  rangeOfPage,
  type View,
  wholeList,
} from "@chinwag/client";
import type { EngineStore } from "../store/engine-store.js";
import type { State } from "./state.js";

/** What one request fetches: small enough for a phone, and enough to show each conversation when it is opened. */
const PAGE = { limit: 50, members: 8, events: 20 };

/** What is known of numbers by a view's newest events. */
function newest(numbers: number[], { first, head }: View): Range[] {
  // None: the list was long, and has the events of others only.
  return numbers.length === 0 ? [] : [rangeOfPage({ side: "newest", limit: PAGE.events }, numbers, first, head)];
}

/**
 * Load conversations and what the account knows of itself. `at`: where events go on, if the server has said so. Each
 * page is kept as it comes, and the cursor with the last: what is broken off begins again. Fails as requests do.
 */
export async function loadAfresh(
  http: Http,
  store: EngineStore,
  state: State,
  at: Cursor | null,
  loaded: (conversations: string[]) => void,
): Promise<Cursor> {
  const cursor = at ?? (await currentCursor(http));
  const found = new Set<string>();
  const own = await loadOwn(http);
  const people = own.people;
  for await (const page of conversationPages(http, PAGE)) {
    const records = page.map((view) => {
      const record = state.view(view);
      const numbers = (view.events ?? []).map((one) => one.number);
      return { ...record, ranges: newest(numbers, view) };
    });
    const contents = page.flatMap(({ events, head }) =>
      (events ?? []).map((event): Content => ({ event, asOf: head })),
    );
    // What was cached before may have been changed unheard.
    const unheard = page.map(({ id }) => id);
    state.take(await store.commit({ conversations: records, unheard, contents, known: true }));
    for (const { id } of page) found.add(id);
    loaded(page.map((view) => view.id));
  }
  // Between two pages a conversation may move to the front, and a page again: what was known is not dropped for that.
  state.own = own.own;
  await store.keepPeople(people);
  await store.commit({ cursor, own: own.own });
  loaded([]);
  return cursor;
}

async function loadOwn(http: Http): Promise<{ own: Own; people: Friend["user"][] }> {
  const [friends, requests, blocks, preferred, settings, announcements] = await Promise.all([
    wholeList<Friend>(http, "/v1/friends"),
    wholeList<Friend>(http, "/v1/friends/requests"),
    wholeList<Block>(http, "/v1/blocks"),
    wholeList<Preferred>(http, "/v1/preferences"),
    http.ask<AccountSettings>("GET", "/v1/me/settings"),
    http.ask<{ items: AnnouncementView[] }>("GET", "/v1/announcements?limit=50"),
  ]);
  const all = [...friends, ...requests];
  const bonds = all.flatMap((one): [string, Bond][] =>
    one.state === "none" ? [] : [[one.user.id, { state: one.state, by: one.by, at: one.at }]],
  );
  const versions = new Map([
    ...all.map((one): [string, number] => [`friend:${one.user.id}`, one.version]),
    ...preferred.map((one): [string, number] => [`preferences:${one.conversation}`, one.version]),
  ]);
  const own: Own = {
    ...NOTHING,
    friends: new Map(bonds),
    blocked: new Set(blocks.map((one) => one.user.id)),
    settings,
    preferences: new Map(preferred.map((one) => [one.conversation, one.preferences])),
    announcements: announcements.items,
    versions,
  };
  return { own, people: [...all, ...blocks].map((one) => one.user) };
}
