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
    for (const row of rows) if (row.unread === 0) void close(row.id, open);
  });
  return () => {
    stopNews();
    stopReads();
  };
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
    data: { conversation: news.conversation },
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

async function close(conversation: string, open: Map<string, Notification>): Promise<void> {
  open.get(conversation)?.close();
  open.delete(conversation);
  if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
  const registration = await worker();
  for (const shown of (await registration?.getNotifications({ tag: conversation })) ?? []) shown.close();
}
