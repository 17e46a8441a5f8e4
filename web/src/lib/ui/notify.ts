/**
 * Tells the person of what comes while no window with that conversation has focus: one notification a conversation,
 * taken away when it is read anywhere. The engine speaks in the leading tab alone, so there is never one per tab.
 */
import { get } from "svelte/store";
import { isMessage } from "@chinwag/client";
import type { Engine, News } from "../engine/api.js";
import { words } from "../words/words.js";
import { nameOf } from "./app.js";
import { preview } from "./choices.js";
import { authorOf } from "./layout.js";
import { namesOf } from "./names.js";
import { addressOf, go } from "./route.js";
import { summary } from "./summary.js";

/** Listen until the returned function is called. */
export function announce(engine: Engine): () => void {
  const open = new Map<string, Notification>();
  const stopNews = engine.onNews((news) => {
    void tell(engine, news, open);
  });
  const stopReads = engine.conversations.subscribe((rows) => {
    const read = new Set(rows.filter((row) => row.unread === 0).map((row) => row.id));
    if (read.size > 0) void close((conversation) => read.has(conversation), open);
  });
  // Whoever comes next to this browser is told nothing of whoever was here.
  const stopSession = engine.session.subscribe(({ state }) => {
    if (state === "out" || state === "other") void close(() => true, open);
  });
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  container?.addEventListener("message", follow);
  return () => {
    stopNews();
    stopReads();
    stopSession();
    container?.removeEventListener("message", follow);
  };
}

/** A notification was clicked: the service worker brings this window to the front, and says where it leads. */
function follow(event: MessageEvent<{ type?: string; path?: string } | null>): void {
  const said = event.data;
  if (said?.type === "open" && said.path !== undefined) go(said.path);
}

async function tell(engine: Engine, news: News, open: Map<string, Notification>): Promise<void> {
  if (news.watched || !isMessage(news.event)) return;
  if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
  const session = engine.session.now;
  if (session.state !== "in") return;
  const names = namesOf(engine, engine.people.now, session.me.id);
  const row = engine.conversations.now.find((one) => one.id === news.conversation);
  const author = engine.people.now.get(authorOf(news.event)) ?? engine.person(authorOf(news.event)).now;
  const who = nameOf(author);
  const title = row?.kind === "group" ? words("news.in", { who, group: row.title }) : who;
  const body = get(preview) === "text" ? summary(news.event, names) : words("news.new");
  const options = {
    body,
    tag: news.conversation,
    icon: "/icon-192.png",
    badge: "/icon-monochrome-512.png",
    data: { path: addressOf(news.conversation) },
  };
  const registration = await worker();
  if (registration?.active) {
    await registration.showNotification(title, options);
    return;
  }
  const shown = new Notification(title, options);
  shown.onclick = () => {
    window.focus();
    go(addressOf(news.conversation));
    shown.close();
  };
  open.set(news.conversation, shown);
}

/** The service worker of the app; missing on an address that is not secure. */
async function worker(): Promise<ServiceWorkerRegistration | undefined> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  return container?.getRegistration().catch(() => undefined);
}

async function close(which: (conversation: string) => boolean, open: Map<string, Notification>): Promise<void> {
  for (const [conversation, shown] of open) {
    if (!which(conversation)) continue;
    shown.close();
    open.delete(conversation);
  }
  if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
  const registration = await worker();
  for (const shown of (await registration?.getNotifications()) ?? []) if (which(shown.tag)) shown.close();
}
