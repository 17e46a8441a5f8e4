/** The engine as a page has it (`api.ts`): what is cached it reads and writes itself, the rest it asks of the leader. */
import {
  type Attach,
  DEFAULTS,
  directId,
  folded,
  isChange,
  isMessage,
  isWithheld,
  type KeptEvent,
  type Outgoing,
  type Preferences,
  type Preferred,
  mediaOf,
  randomName,
  reached,
  type SendFrame,
  type TextBody,
  textOf,
} from "@chinwag/client";
import type {
  ConversationDetail,
  Draft,
  Engine,
  Found,
  FoundMessage,
  MediaAct,
  MessageWindow,
  NewMedia,
  News,
  Person,
  Place,
  PreviewSize,
  UploadState,
  Watched,
} from "../api.js";
import { EngineFailure, orFailure } from "../failure.js";
import type { ToTabs } from "../messages.js";
import { addLine, addMark, dropRefused, fileOf, keepDraft, keepUnread, OUTBOX } from "../store/personal.js";
import { event, preview } from "../store/reading.js";
import type { CarriedMedia, FileRecord } from "../store/records.js";
import type { Browser } from "./browser.js";
import { Entered } from "./entered.js";
import { find } from "./find.js";
import { Line } from "./line.js";
import { Look } from "./look.js";
import { Value } from "./watched.js";
import type { Account } from "./account.js";
import { asWished, isWish, type Wish } from "./wishes.js";

/** Milliseconds between two tellings that somebody writes. */
const TYPING = 3_000;

/** The engine begins within so many milliseconds, whether or not what is kept could be read and drawn. */
const LATEST = 1_000;

function bodyOf({ text, mentions }: { text: string; mentions?: string[] }): TextBody {
  return { type: "text", text, ...(mentions?.length ? { mentions } : {}) };
}

/** The media stays: only what is said beside it is another. */
function captionOf({ text, mentions }: { text: string; mentions?: string[] }): Attach {
  return { type: "media", caption: text, ...(mentions?.length ? { mentions } : {}) };
}

const NOT_THERE = { code: "not_found", message: "", retryable: false, retryAfter: null };

type Rewrites = (conversation: string, numbers: readonly number[] | null) => void;

export class TabEngine extends Entered implements Engine {
  readonly uploads = new Value<ReadonlyMap<string, UploadState>>(new Map());
  readonly update = new Value(false);
  private readonly newsRuns = new Set<(news: News) => void>();
  private readonly rewriteRuns = new Set<Rewrites>();
  private readonly typed = new Map<string, number>();
  /** The answers to what one said last that one wants: they may come before the event that tells it. */
  private readonly preferring = new Map<string, Promise<Preferred | null>>();
  private waitingWorker: ServiceWorker | null = null;
  private readonly eyes: Look;

  constructor(browser: Browser) {
    const line: Line = new Line(browser.worker, {
      said: (message) => {
        this.said(message);
      },
      session: () => {
        void this.look();
      },
      outdated: () => {
        this.outdated();
      },
    });
    super(line, browser);
    if (!browser.secure) this.trouble("insecure", true);
    this.eyes = new Look(browser, (conversation) => {
      line.say({ type: "watching", tab: line.tab, conversation });
    });
    const seen = (): void => {
      line.work({ type: "visible", is: browser.visible() });
      if (browser.visible()) line.say({ type: "nudge" });
    };
    browser.on("visibility", seen);
    browser.on("online", () => {
      line.say({ type: "nudge" });
    });
    seen();
    // What is kept is drawn first, and the engine begun then: both at once make a person wait for what is here already.
    const begin = (): void => {
      line.begin();
    };
    setTimeout(begin, LATEST);
    void this.look().then(() => {
      browser.drawn(begin);
    });
  }

  updateApp(): void {
    const waiting = this.waitingWorker;
    // Its taking over reloads all tabs. One that another tab has taken already, or none, leaves the reload to this one.
    if (waiting?.state === "installed") waiting.postMessage({ type: "activate" });
    else this.browser.reload();
  }

  /** A new version of the app is installed and waits. */
  offer(worker: ServiceWorker): void {
    this.waitingWorker = worker;
    this.update.set(true);
  }

  tryNow(): void {
    this.line.say({ type: "nudge" });
  }

  // Reading

  conversation(id: string): Watched<ConversationDetail | null> {
    return this.account?.conversation(id) ?? new Value(null);
  }

  open(id: string, at?: Place): MessageWindow {
    const account = this.here();
    const window = account.window(id, at ?? null);
    const close = window.close.bind(window);
    window.close = () => {
      close();
      account.remember(window);
    };
    if (account.record(id)?.kept.large) this.count(id);
    // Members, where the list knows some of them only; one that has not begun has none to ask for.
    if (account.record(id) !== null) this.line.ask("opened", { conversation: id }).catch(() => undefined);
    return window;
  }

  read(id: string, number: number): void {
    const { account } = this;
    if (account === null) return;
    const kept = account.record(id)?.kept;
    const from = account.unreadFrom(id);
    if (kept !== undefined && from !== null && number >= from.number) {
      const rest = async (): Promise<void> => {
        const at = number >= kept.shown ? null : await event(account.database, id, number);
        const next = at === null ? null : { conversation: id, number: number + 1, ordinal: at.ordinal };
        account.toUnread(id, next);
        await keepUnread(account.database, id, next);
        this.line.say({ type: "marks" });
      };
      rest().catch(() => undefined);
    }
    if (kept === undefined || number <= kept.read || number <= (account.mark(id)?.number ?? 0)) return;
    const mark = async (): Promise<void> => {
      const at = await event(account.database, id, number);
      const ordinal = number >= kept.shown ? kept.ordinal : (at?.ordinal ?? 0);
      account.read({ conversation: id, number, ordinal });
      await addMark(account.database, { conversation: id, number, ordinal });
      this.line.say({ type: "marks" });
    };
    // A mark that is not kept is made again when the person looks again.
    mark().catch(() => undefined);
  }

  async unreadFrom(id: string, number: number): Promise<void> {
    const account = this.here();
    await orFailure(async () => {
      const at = await event(account.database, id, number);
      if (at === null) return;
      const from = { conversation: id, number, ordinal: Math.max(0, at.ordinal - Number(isMessage(at))) };
      await keepUnread(account.database, id, from);
      account.toUnread(id, from);
      this.line.say({ type: "marks" });
    });
  }

  async numberAt(id: string, moment: number): Promise<number | null> {
    const account = this.here();
    return orFailure(async () => {
      const range = await account.fetch(id, { side: "at", at: moment, limit: 50 });
      const there = await account.cached(id, range, 50, "first");
      return (there.find((one) => one.sent_at >= moment) ?? there.at(-1))?.number ?? null;
    });
  }

  async recheck(id: string, number: number): Promise<void> {
    await this.line.ask("look", { conversation: id, number });
  }

  onRewritten(run: Rewrites): () => void {
    this.rewriteRuns.add(run);
    return () => {
      this.rewriteRuns.delete(run);
    };
  }

  event(id: string, number: number): Promise<KeptEvent | null> {
    return orFailure(async () => {
      const account = this.here();
      const found = await this.found(account, id, number);
      return found === null ? null : asWished(found, account.wishes(id, number), account.me).event;
    });
  }

  private async found(account: Account, id: string, number: number): Promise<KeptEvent | null> {
    const held = await event(account.database, id, number).catch(() => null);
    if (held !== null && isWithheld(held)) {
      await this.recheck(id, number);
      return event(account.database, id, number);
    }
    if (held !== null) return held;
    const kept = account.record(id)?.kept;
    if (kept === undefined || number < kept.first || number > kept.head) return null;
    await account.fetch(id, { side: "around", number, limit: 20 });
    return event(account.database, id, number);
  }

  sendState(one: KeptEvent, detail: ConversationDetail): ReturnType<Engine["sendState"]> {
    const whole = detail.members.size >= detail.memberCount;
    return reached({ members: detail.members, whole }, one.number, this.account?.me ?? "");
  }

  override async react(id: string, number: number, reaction: string, on: boolean): Promise<void> {
    await super.react(id, number, reaction, on);
    // No event tells of it there: how many there are now is asked for.
    if (this.account?.record(id)?.kept.large)
      await this.line.ask("counts", { conversation: id, numbers: [number], screen: false }).catch(() => undefined);
  }

  directWith(account: string): string {
    return directId(this.here().me, account);
  }

  find(query: string, limit = 30): Found[] {
    return this.account === null ? [] : find(this.account, query, limit);
  }

  async search(words: string, limit = 50): Promise<FoundMessage[]> {
    const { account } = this;
    if (account === null) return [];
    const parts = folded(words).split(/\s+/).filter(Boolean);
    if (parts.length === 0) return [];
    return orFailure(async () => {
      const { search } = await import("./search.js");
      return search(account.database, parts, limit, textOf);
    });
  }

  async preview(id: string, number: number, size: PreviewSize): Promise<Blob> {
    const { database } = this.here();
    const held = await orFailure(() => preview(database, id, number, size));
    if (held !== null) return held;
    await this.line.ask("preview", { conversation: id, number, size });
    const fetched = await orFailure(() => preview(database, id, number, size));
    if (fetched === null) throw new EngineFailure(NOT_THERE);
    return fetched;
  }

  carried(unsent: string): Promise<Blob | null> {
    return orFailure(async () => (await fileOf(this.here().database, unsent))?.file ?? null);
  }

  watching(id: string | null): void {
    this.eyes.at(id);
  }

  onNews(run: (news: News) => void): () => void {
    this.newsRuns.add(run);
    return () => {
      this.newsRuns.delete(run);
    };
  }

  // Writing

  async send(id: string, message: { text: string; reply_to?: number; mentions?: string[] }): Promise<void> {
    const { reply_to } = message;
    const answers = reply_to ? { reply_to } : {};
    await this.put({ type: "send", id: randomName(), conversation: id, body: bodyOf(message), ...answers });
    this.typed.delete(id);
  }

  async sendMedia(id: string, media: NewMedia): Promise<void> {
    const { file, poster, caption = "", mentions = [], reply_to = 0, ...about } = media;
    const carried = { ...about, size: file.size, upload: null, ready: false, paused: false };
    const words = caption === "" ? {} : { caption, ...(mentions.length > 0 ? { mentions } : {}) };
    const kept = { file, ...(poster === undefined ? {} : { poster }) };
    await this.putMedia(id, { upload: "", ...words }, reply_to, carried, kept);
  }

  async mediaAct(id: string, unsent: string, act: MediaAct): Promise<boolean> {
    return this.line.ask("media", { conversation: id, id: unsent, act });
  }

  async forward(message: KeptEvent, to: string): Promise<void> {
    const media = mediaOf(message);
    const text = textOf(message);
    if (text !== null) await this.send(to, { text });
    if (media === null) return;
    const { conversation, number } = message;
    const { name, media_type, size, width, height, duration, blur, caption } = media;
    const shape = { ...(width ? { width } : {}), ...(height ? { height } : {}), ...(duration ? { duration } : {}) };
    const from = { conversation, number };
    const about = { name, media_type, size, as: "file" as const, ...shape, ...(blur ? { blur } : {}), from };
    const words = caption === undefined ? {} : { caption };
    await this.putMedia(to, { from, ...words }, 0, { ...about, upload: null, ready: true, paused: false }, null);
  }

  private async putMedia(
    conversation: string,
    says: Omit<Attach, "type">,
    reply_to: number,
    media: CarriedMedia,
    file: Omit<FileRecord, "id"> | null,
  ): Promise<void> {
    const body: Attach = { type: "media", ...says };
    const frame: Omit<SendFrame, "after"> & { conversation: string } = {
      type: "send",
      id: randomName(),
      conversation,
      body,
      ...(reply_to > 0 ? { reply_to } : {}),
    };
    await this.put(frame, { media, file });
  }

  async edit(id: string, number: number, message: { text: string; mentions?: string[] }): Promise<void> {
    const now = await this.event(id, number);
    const body = now !== null && mediaOf(now) !== null ? captionOf(message) : bodyOf(message);
    await this.wish({ type: "edit", id: randomName(), conversation: id, number, body });
  }

  async erase(id: string, number: number): Promise<void> {
    await this.wish({ type: "delete", id: randomName(), conversation: id, number });
  }

  /** Keep an edit or a deletion. What was refused of the same message before is done with. */
  private async wish(frame: Wish["frame"]): Promise<void> {
    const { conversation, number } = frame;
    const before = this.here().wishes(conversation, number);
    await this.put(frame);
    for (const one of before) if (one.refused !== null) await this.discard(one.id);
    this.rewritten(conversation, [number]);
  }

  private async put(
    frame: Outgoing & { conversation: string },
    carries: { media: CarriedMedia; file: Omit<FileRecord, "id"> | null } | null = null,
  ): Promise<void> {
    const account = this.here();
    const { conversation } = frame;
    const since = account.record(conversation)?.kept.head ?? 0;
    const media = carries === null ? {} : { media: carries.media };
    const line = { conversation, device: account.device, frame, at: this.clock(), since, ...media };
    const room = account.waits < OUTBOX / 2;
    account.wrote(await orFailure(() => addLine(account.database, line, room, carries?.file ?? null)));
    this.line.say({ type: "lines" });
  }

  async discard(unsent: string): Promise<void> {
    const account = this.here();
    const line = account.unsentLine(unsent);
    if (line === null) return;
    if (await orFailure(() => dropRefused(account.database, line.order))) account.discarded(line.order);
    if (isWish(line)) this.rewritten(line.conversation, [line.frame.number]);
  }

  typing(id: string): void {
    const now = Date.now();
    if (now - (this.typed.get(id) ?? 0) < TYPING || this.account?.record(id)?.kept.wide) return;
    this.typed.set(id, now);
    this.line.say({ type: "typing", conversation: id });
  }

  draft(id: string): Promise<Draft | null> {
    return Promise.resolve(this.account?.draft(id) ?? null);
  }

  async keepDraft(id: string, draft: Draft | null): Promise<void> {
    const account = this.here();
    account.drafted(id, draft);
    await orFailure(() => keepDraft(account.database, id, draft));
  }

  async prefer(id: string, wish: Partial<Preferences>): Promise<void> {
    const account = this.here();
    // One after the other: each states all of them.
    const before = this.preferring.get(id) ?? Promise.resolve(null);
    const next = before
      .catch(() => null)
      .then((known) => {
        const { preferences, versions } = account.own.now;
        const newest = known !== null && known.version > (versions.get(`preferences:${id}`) ?? 0);
        const held = newest ? known.preferences : (preferences.get(id) ?? DEFAULTS);
        return this.preferAll(id, { ...held, ...wish });
      });
    this.preferring.set(id, next);
    await next;
  }

  // People

  person(account: string): Watched<Person> {
    return this.persons.one(account);
  }

  async refreshPresence(accounts: string[]): Promise<void> {
    await this.line.ask("presence", { accounts });
  }

  // Inside

  private rewritten(conversation: string, numbers: readonly number[] | null): void {
    for (const run of this.rewriteRuns) run(conversation, numbers);
  }

  /** Have what windows on a large group show counted. */
  private count(id: string): void {
    const counted = import("./counting.js").then(({ count }) => {
      count(this.account?.windows(id) ?? [], (numbers, screen) =>
        this.line.ask("counts", { conversation: id, numbers, screen }),
      );
    });
    // It is told again with the next that was missed.
    counted.catch(() => undefined);
  }

  private said(message: ToTabs): void {
    const { account } = this;
    switch (message.type) {
      case "alive":
        this.eyes.leads();
        // One that leads since just now is told of large groups that stand open without focus, too: they are followed.
        for (const id of account?.followed() ?? [])
          this.line.ask("opened", { conversation: id }).catch(() => undefined);
        break;
      case "connection":
        this.stands(message.connection, message.ahead);
        break;
      case "changed":
        account?.changed(message, (all) => {
          for (const { conversation, numbers } of all) this.rewritten(conversation, numbers);
        });
        break;
      case "counting":
        this.count(message.conversation);
        break;
      case "signal":
        account?.signal(message.signal);
        break;
      case "presence":
        account?.known(message.known);
        break;
      case "news":
        if (message.tab === this.line.tab) {
          const { conversation, event: one } = message;
          const watched = message.watched || this.eyes.shown === conversation;
          if (isMessage(one) || isChange(one))
            for (const run of this.newsRuns) run({ conversation, event: one, watched });
        }
        break;
      case "upload": {
        const { line, state, sent } = message;
        // Of lines that are done with nothing is kept.
        const still = [...this.uploads.now].filter(([id]) => account?.unsentLine(id));
        this.uploads.set(new Map([...still, [line, { state, sent }]]));
        break;
      }
      case "out":
        this.out(message.code);
        break;
      case "slow":
        this.trouble("storage_slow", message.is);
        break;
      default:
        break;
    }
  }
}
