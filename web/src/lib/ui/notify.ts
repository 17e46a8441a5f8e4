/**
 * Tells the person of what comes while no window with that conversation has focus: one notification a conversation,
 * taken away when it is read anywhere. The engine speaks in the leading tab alone, so there is never one per tab.
 */
import { get } from "svelte/store";
import { DEFAULTS, isMessage, isWithheld, speaksTo, type MessageEvent as Message } from "@chinwag/client";
import type { Engine, News, Person, Watched } from "../engine/api.js";
import { newsWords } from "../words/news.js";
import { nameOf } from "./app.js";
import { preview } from "./choices.js";
import { authorOf } from "./layout.js";
import { namesOf } from "./names.js";
import { optionsOf, type Told } from "./notice.js";
import { pushSettings } from "./push-settings.js";
import { isQuiet } from "./quiet.js";
import { addressOf, go, route } from "./route.js";
import { summary } from "./summary.js";
import type { FromServiceWorker } from "./worker-says.js";

/** Milliseconds that a browser, or the name of somebody who is new, is waited for. */
const PATIENCE = 5_000;

/** Listen until the returned function is called. `early`: what came before. */
export function announce(engine: Engine, early: Iterable<News> = []): () => void {
  const teller = new Teller(engine);
  for (const news of early) teller.tell(news);
  const stops = [
    engine.onNews((news) => {
      teller.tell(news);
    }),
    engine.conversations.subscribe(() => {
      teller.sweep();
    }),
    // Whoever comes next to this browser is told nothing of whoever was here.
    engine.session.subscribe(() => {
      teller.sweep();
    }),
  ];
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  const follow = (event: MessageEvent<FromServiceWorker | null>): void => {
    heed(engine, event);
  };
  container?.addEventListener("message", follow);
  return () => {
    for (const stop of stops) stop();
    container?.removeEventListener("message", follow);
  };
}

/** The service worker brings this window to the front and says where it leads, or asks what it shows. */
function heed(engine: Engine, { data: said, ports }: MessageEvent<FromServiceWorker | null>): void {
  if (said?.type === "open") go(said.path);
  if (said?.type !== "shows") return;
  const [session, here] = [engine.session.now, get(route)];
  const own = session.state === "in" && session.me.id === said.account;
  ports[0]?.postMessage(own && here.at === "talk" && here.conversation === said.conversation);
  // What was pushed to a window that is here has not come by its connection: that one may be dead.
  engine.tryNow();
}

/**
 * Shows notifications and takes them away, one thing after the other: to a browser both take time, and what is read,
 * written or closed meanwhile counts at the moment when it is done.
 */
class Teller {
  private readonly engine: Engine;
  /** Of each conversation the newest that is yet to be told. */
  private readonly waiting = new Map<string, News>();
  /** Shown without a service worker; the others are asked of it. */
  private readonly open = new Map<string, Notification>();
  private sweeping = false;
  private working = false;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  tell(news: News): void {
    if (!allowed()) return;
    if (!isMessage(news.event)) {
      this.sweep();
      return;
    }
    if (news.watched || !this.wanted(news)) return;
    this.waiting.set(news.conversation, news);
    void this.work();
  }

  /** Whether the person wants to be told of it, as they have said of its conversation. */
  private wanted({ conversation, event }: News): boolean {
    const { engine } = this;
    const row = engine.conversations.now.find((one) => one.id === conversation);
    const { notify } = row?.preferences ?? DEFAULTS;
    const session = engine.session.now;
    if (row?.muted === true || notify === "none") return false;
    const kind = { direct: row?.kind === "direct", mention: session.state === "in" && speaksTo(event, session.me.id) };
    if (isQuiet(pushSettings(engine.settings.now)?.quiet_hours ?? null, engine.clock(), kind)) return false;
    return notify === "all" || (session.state === "in" && speaksTo(event, session.me.id));
  }

  /** Take away what is read, and what told somebody who is not here any more. */
  sweep(): void {
    if (!allowed()) return;
    this.sweeping = true;
    void this.work();
  }

  private async work(): Promise<void> {
    if (this.working) return;
    this.working = true;
    // What a browser does not show is in the list of conversations all the same.
    while (this.waiting.size > 0 || this.sweeping) await within(this.step(), 3 * PATIENCE).catch(() => undefined);
    this.working = false;
  }

  private async step(): Promise<void> {
    const [news] = this.waiting.values();
    if (news === undefined) {
      this.sweeping = false;
      await this.close();
      return;
    }
    this.waiting.delete(news.conversation);
    await this.show(news);
    // It may have been read while it was being shown.
    this.sweeping = true;
  }

  /** `silent`: it was told already, and says something else now. */
  private async show({ conversation, event }: Pick<News, "conversation" | "event">, silent = false): Promise<void> {
    const { engine } = this;
    const author = await named(engine.person(authorOf(event)));
    const session = engine.session.now;
    // It may have been edited, or deleted, since it came.
    const now = await this.now(conversation, event);
    if (session.state !== "in" || now === null) return;
    const names = namesOf(engine, engine.people.now, session.me.id);
    const row = engine.conversations.now.find((one) => one.id === conversation);
    const who = nameOf(author);
    const title = row?.kind === "group" ? newsWords("news.in", { who, group: row.title }) : who;
    const body = get(preview) === "text" ? summary(now, names) : newsWords("news.new");
    const path = addressOf(conversation);
    const told: Told = {
      path,
      account: session.me.id,
      conversation,
      number: now.number,
      edited: now.edited?.number ?? 0,
      wordless: get(preview) !== "text",
    };
    const registration = await worker();
    if (registration?.active) {
      const reply = { title: newsWords("news.reply"), placeholder: newsWords("news.answer") };
      await registration.showNotification(title, optionsOf(told, body, { tag: conversation, silent, reply }));
      return;
    }
    const shown = new Notification(title, optionsOf(told, body, { tag: conversation, silent }));
    shown.onclick = () => {
      window.focus();
      go(path);
      shown.close();
    };
    this.open.set(conversation, shown);
  }

  private async close(): Promise<void> {
    const registration = await worker();
    const shown = [...this.open.values(), ...((await registration?.getNotifications()) ?? [])];
    for (const one of shown) {
      if (!this.over(one) && !(await this.changed(one))) continue;
      one.close();
      this.open.delete(one.tag);
    }
  }

  /** Whether it shows words that a message does not say any longer. Those of an edit it shows instead. */
  private async changed({ tag, data }: Notification): Promise<boolean> {
    const { number = 0, edited = 0, wordless = false } = (data ?? {}) as Partial<Told>;
    const now = number === 0 ? undefined : await this.engine.event(tag, number).catch(() => undefined);
    if (now === undefined) return false;
    const text = this.text(now);
    if (text !== null && (text.edited?.number ?? 0) === edited) return false;
    if (text === null) return true;
    if (wordless) return false;
    await this.show({ conversation: tag, event: text }, true);
    return false;
  }

  /** A message as it is now; null: there is nothing of it to tell. */
  private async now(conversation: string, event: News["event"]): Promise<Message | null> {
    const kept = await this.engine.event(conversation, event.number).catch(() => event);
    return this.text(kept);
  }

  private text(event: News["event"] | null): Message | null {
    if (event === null || !isMessage(event) || isWithheld(event) || event.body.type === "deleted") return null;
    return event;
  }

  /** Whether nobody need be told of it any more, as things stand now. */
  private over({ tag, data }: Notification): boolean {
    const session = this.engine.session.now;
    if (session.state === "starting") return false;
    const told = data as Partial<Told> | null;
    if (session.state !== "in" || (told?.account ?? session.me.id) !== session.me.id) return true;
    // Of no single conversation: it says how many are unread, or that none is.
    if (told?.conversation === null) return this.engine.unread.now === 0;
    const detail = this.engine.conversation(tag).now;
    // What does not reach that message yet says nothing of whether it is read.
    return detail !== null && detail.head >= (told?.number ?? 0) && detail.unread === 0;
  }
}

/** Somebody whose first message came is not known yet: their name comes a little later, or never. */
async function named(person: Watched<Person>): Promise<Person> {
  let stop = (): void => undefined;
  const known = new Promise<void>((resolve) => {
    stop = person.subscribe((now) => {
      if (now.known) resolve();
    });
  });
  await within(known);
  stop();
  return person.now;
}

/** What `work` gives, or nothing when it takes too long: whatever hangs keeps nothing else waiting. */
async function within<T>(work: Promise<T>, patience = PATIENCE): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, patience, undefined);
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}

/** Whether the person wants to be told. */
function allowed(): boolean {
  return typeof Notification !== "undefined" && Notification.permission === "granted";
}

/** The service worker of the app; missing on an address that is not secure. */
async function worker(): Promise<ServiceWorkerRegistration | undefined> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  return container?.getRegistration().catch(() => undefined);
}
