/** The engine as a page has it (`api.ts`): what is cached it reads and writes itself, the rest it asks of the leader. */
import {
  type Asked,
  directId,
  isMessage,
  type KeptEvent,
  LoggedOut,
  type Me,
  type Range,
  randomName,
  ranked,
  reached,
  type ServerInfo,
  textOf,
  folded,
} from "@chinwag/client";
import type {
  Connection,
  ConversationDetail,
  ConversationRow,
  Draft,
  Engine,
  Found,
  FoundMessage,
  MessageWindow,
  News,
  Person,
  Place,
  Session,
  Trouble,
  Watched,
} from "../api.js";
import { failed, orFailure } from "../failure.js";
import type { ToTabs } from "../messages.js";
import { AccountDatabase, wipe } from "../store/database.js";
import { addLine, addMark, dropRefused, keepDraft, keepUnread, lines } from "../store/personal.js";
import { event } from "../store/reading.js";
import { currentSession, endSession, keepSession, lastSession, type SessionRecord } from "../store/session.js";
import { Account, stranger } from "./account.js";
import type { Browser } from "./browser.js";
import { Following } from "./derived.js";
import { Line } from "./line.js";
import { Remote } from "./remote.js";
import { search } from "./search.js";
import { Value } from "./watched.js";

const CONNECTING: Connection = { state: "connecting", asOf: null, nextTry: null, transport: null, trouble: null };
/** Milliseconds between two tellings that somebody writes. */
const TYPING = 3_000;

export class TabEngine extends Remote implements Engine {
  readonly session = new Value<Session>({ state: "starting" });
  readonly connection = new Value<Connection>(CONNECTING);
  readonly conversations = new Following<readonly ConversationRow[]>([]);
  readonly people = new Following<Engine["people"]["now"]>(new Map());
  readonly presence = new Following<Engine["presence"]["now"]>(new Map());
  readonly friends = new Following<Engine["friends"]["now"]>([]);
  readonly blocked = new Following<Engine["blocked"]["now"]>(new Set());
  readonly settings = new Following<Engine["settings"]["now"]>(null);
  readonly announcements = new Following<Engine["announcements"]["now"]>([]);
  readonly unread = new Following<number>(0);
  readonly update = new Value(false);
  private readonly browser: Browser;
  private readonly tabLine: Line;
  private readonly persons = new Map<string, Value<Person>>();
  private readonly asked = new Set<string>();
  private readonly newsRuns = new Set<(news: News) => void>();
  private readonly typed = new Map<string, number>();
  private account: Account | null = null;
  private ahead = 0;
  private troubles = new Set<Trouble>();
  private heard: Connection = CONNECTING;
  private why: string | null = null;
  private looking: Promise<void> = Promise.resolve();
  private waitingWorker: ServiceWorker | null = null;

  constructor(browser: Browser) {
    const line: Line = new Line(browser.worker(), {
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
    super(line);
    this.tabLine = line;
    this.browser = browser;
    if (!browser.secure) this.trouble("insecure", true);
    this.people.subscribe((people) => {
      for (const [account, value] of this.persons) value.set(people.get(account) ?? stranger(account));
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
    void this.look();
  }

  clock(): number {
    return Date.now() + this.ahead;
  }

  updateApp(): void {
    this.waitingWorker?.postMessage({ type: "activate" });
  }

  /** A new version of the app is installed and waits. */
  offer(worker: ServiceWorker): void {
    this.waitingWorker = worker;
    this.update.set(true);
  }

  // The door

  tryNow(): void {
    this.tabLine.say({ type: "nudge" });
  }

  async server(): Promise<ServerInfo> {
    return (await this.tabLine.door({ act: "server" })) as ServerInfo;
  }

  async signUp(wish: { name: string; password: string; display_name?: string; invitation?: string }): Promise<void> {
    await this.tabLine.door({ act: "signUp", ...wish, device: this.browser.deviceName() });
    await this.began();
  }

  async logIn(name: string, password: string): Promise<void> {
    await this.tabLine.door({ act: "logIn", name, password, device: this.browser.deviceName() });
    await this.began();
  }

  unsent(): Promise<{ account: string; name: string; count: number } | null> {
    return orFailure(async () => {
      const last = await lastSession();
      if (last === null) return null;
      const { id, name } = last.me;
      const own = this.account?.me === id ? this.account.database : null;
      const database = own ?? this.other(id);
      try {
        const count = (await lines(database)).length;
        return count === 0 ? null : { account: id, name, count };
      } finally {
        if (own === null) database.close();
      }
    });
  }

  async logOut(): Promise<void> {
    await this.tabLine.ask("logOut", null);
    await this.leave();
  }

  override async closeAccount(password: string): Promise<void> {
    await super.closeAccount(password);
    await this.leave();
  }

  goOn(): void {
    this.drop();
    void this.look();
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
    // Members, where the list knows some of them only; one that has not begun has none to ask for.
    if (account.record(id) !== null) this.tabLine.ask("opened", { conversation: id }).catch(() => undefined);
    return window;
  }

  read(id: string, number: number): void {
    const { account } = this;
    if (account === null) return;
    const kept = account.record(id)?.kept;
    const from = account.unreadFrom(id);
    if (kept !== undefined && from !== null && number >= from.number) {
      const rest = async (): Promise<void> => {
        const at = number >= kept.head ? null : await event(account.database, id, number);
        const next = at === null ? null : { conversation: id, number: number + 1, ordinal: at.ordinal };
        account.toUnread(id, next);
        await keepUnread(account.database, id, next);
        this.tabLine.say({ type: "marks" });
      };
      rest().catch(() => undefined);
    }
    if (kept === undefined || number <= kept.read || number <= (account.mark(id)?.number ?? 0)) return;
    const mark = async (): Promise<void> => {
      const at = await event(account.database, id, number);
      const ordinal = number >= kept.head ? kept.ordinal : (at?.ordinal ?? 0);
      account.read({ conversation: id, number, ordinal });
      await addMark(account.database, { conversation: id, number, ordinal });
      this.tabLine.say({ type: "marks" });
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
      this.tabLine.say({ type: "marks" });
    });
  }

  event(id: string, number: number): Promise<KeptEvent | null> {
    return orFailure(async () => {
      const account = this.here();
      const held = await event(account.database, id, number).catch(() => null);
      if (held !== null) return held;
      const kept = account.record(id)?.kept;
      if (kept === undefined || number < kept.first || number > kept.head) return null;
      await account.fetch(id, { side: "around", number, limit: 20 });
      return event(account.database, id, number);
    });
  }

  sendState(one: KeptEvent, detail: ConversationDetail): ReturnType<Engine["sendState"]> {
    const whole = detail.members.size >= detail.memberCount;
    return reached({ members: detail.members, whole }, one.number, this.account?.me ?? "");
  }

  directWith(account: string): string {
    return directId(this.here().me, account);
  }

  find(query: string, limit = 30): Found[] {
    const { account } = this;
    if (account === null) return [];
    const rows = account.rows.now;
    const partners = new Set(rows.map((row) => row.other));
    const people = [...account.people.now.values()].filter(
      (one) => !partners.has(one.id) && one.id !== account.me && !one.closed,
    );
    const words = (one: Person | undefined): string[] => (one === undefined ? [] : [one.display_name, one.name]);
    const candidates = [
      ...rows.map((row) => ({
        kind: "conversation" as const,
        unread: row.unread,
        at: row.at,
        words: row.other === null ? [row.title] : words(account.people.now.get(row.other)),
        row,
      })),
      ...(query.trim() === "" ? [] : people).map((person) => ({
        kind: "person" as const,
        unread: 0,
        at: 0,
        words: words(person),
        person,
      })),
    ];
    return ranked(candidates, query, limit).map((one) =>
      one.kind === "conversation" ? { kind: one.kind, row: one.row } : { kind: one.kind, person: one.person },
    );
  }

  async search(words: string, limit = 50): Promise<FoundMessage[]> {
    const { account } = this;
    if (account === null) return [];
    const parts = folded(words).split(/\s+/).filter(Boolean);
    if (parts.length === 0) return [];
    return orFailure(() => search(account.database, parts, limit, (one) => textOf(one)));
  }

  watching(id: string | null): void {
    this.tabLine.say({ type: "watching", tab: this.tabLine.tab, conversation: id });
  }

  onNews(run: (news: News) => void): () => void {
    this.newsRuns.add(run);
    return () => {
      this.newsRuns.delete(run);
    };
  }

  // Writing

  async send(id: string, message: { text: string; reply_to?: number; mentions?: string[] }): Promise<void> {
    const account = this.here();
    const { text, reply_to, mentions } = message;
    const body = { type: "text" as const, text, ...(mentions?.length ? { mentions } : {}) };
    const frame = {
      type: "send" as const,
      id: randomName(),
      conversation: id,
      body,
      ...(reply_to ? { reply_to } : {}),
    };
    const since = account.record(id)?.kept.head ?? 0;
    const line = { conversation: id, device: account.device, frame, at: this.clock(), since };
    account.wrote(await orFailure(() => addLine(account.database, line)));
    this.typed.delete(id);
    this.tabLine.say({ type: "lines" });
  }

  async discard(unsent: string): Promise<void> {
    const account = this.here();
    const line = account.unsentLine(unsent);
    if (line === null) return;
    if (await orFailure(() => dropRefused(account.database, line.order))) account.discarded(line.order);
  }

  typing(id: string): void {
    const now = Date.now();
    if (now - (this.typed.get(id) ?? 0) < TYPING) return;
    this.typed.set(id, now);
    this.tabLine.say({ type: "typing", conversation: id });
  }

  draft(id: string): Promise<Draft | null> {
    return Promise.resolve(this.account?.draft(id) ?? null);
  }

  async keepDraft(id: string, draft: Draft | null): Promise<void> {
    const account = this.here();
    account.drafted(id, draft);
    await orFailure(() => keepDraft(account.database, id, draft));
  }

  // People

  person(account: string): Watched<Person> {
    const held = this.persons.get(account);
    if (held !== undefined) return held;
    const value = new Value(this.people.now.get(account) ?? stranger(account));
    this.persons.set(account, value);
    if (!value.now.known && !this.asked.has(account)) {
      this.asked.add(account);
      // Those that are drawn together are asked for together.
      queueMicrotask(() => {
        this.askForPeople();
      });
    }
    return value;
  }

  async refreshPresence(accounts: string[]): Promise<void> {
    await this.tabLine.ask("presence", { accounts });
  }

  override async changeProfile(profile: { display_name?: string; about?: string }): Promise<Me> {
    const me = await super.changeProfile(profile);
    await orFailure(async () => {
      const session = await currentSession();
      if (session?.me.id === me.id) await keepSession({ ...session, me });
    });
    this.tabLine.sessionChanged();
    await this.look();
    return me;
  }

  // Inside

  private here(): Account {
    if (this.account === null) throw failed(new LoggedOut("unauthenticated"));
    return this.account;
  }

  private other(account: string): AccountDatabase {
    return new AccountDatabase(account, { slow: () => undefined, outdated: () => undefined });
  }

  private async began(): Promise<void> {
    this.why = null;
    this.drop();
    this.browser.persist();
    await this.look();
  }

  /** End it here: nothing of the account is left in the browser. */
  private async leave(): Promise<void> {
    const account = this.here();
    await orFailure(() => endSession(account.device, true));
    this.tabLine.sessionChanged();
    this.drop();
    await orFailure(() => wipe(account.me));
    await this.look();
  }

  private drop(): void {
    this.account?.close();
    this.account = null;
    this.asked.clear();
    this.typed.clear();
    this.follow();
  }

  /** Look who is logged in, and show that. One look after the other. */
  private look(): Promise<void> {
    this.looking = this.looking.then(async () => {
      try {
        await this.lookNow(await currentSession());
      } catch {
        this.trouble("storage_failed", true);
      }
    });
    return this.looking;
  }

  private async lookNow(session: SessionRecord | null): Promise<void> {
    const { account } = this;
    if (session === null) {
      const last = await lastSession();
      this.drop();
      this.session.set({ state: "out", why: this.why, name: last?.me.name ?? null });
      return;
    }
    const { me, device } = session;
    if (account !== null && account.me !== me.id) {
      // Its own lines stay; which account to go on with the person says.
      this.session.set({ state: "other", me, unsent: (await lines(account.database)).length });
      return;
    }
    if (account?.device === device) {
      this.session.set({ state: "in", me, device });
      return;
    }
    this.drop();
    const database = new AccountDatabase(me.id, {
      slow: (is) => {
        this.trouble("storage_slow", is);
      },
      outdated: () => {
        this.outdated();
      },
    });
    const fetch = async (conversation: string, asked: Asked): Promise<Range> => {
      return (await this.tabLine.ask("page", { conversation, asked })).range;
    };
    const next = new Account(database, me.id, device, fetch);
    this.account = next;
    await next.load();
    this.follow();
    this.session.set({ state: "in", me, device });
    this.show();
    this.tabLine.say({ type: "who" });
  }

  private follow(): void {
    const { account } = this;
    this.conversations.attach(account?.rows ?? null, (rows) => rows);
    this.people.attach(account?.people ?? null, (people) => people);
    this.presence.attach(account?.presence ?? null, (presence) => presence);
    this.unread.attach(account?.unread ?? null, (unread) => unread);
    const own = account?.own ?? null;
    this.friends.attach(own, (value) => account?.friends(value) ?? []);
    this.blocked.attach(own, (value) => value.blocked);
    this.settings.attach(own, (value) => value.settings);
    this.announcements.attach(own, (value) => value.announcements);
  }

  private said(message: ToTabs): void {
    const { account } = this;
    switch (message.type) {
      case "connection":
        this.heard = message.connection;
        this.ahead = message.ahead;
        this.show();
        break;
      case "changed":
        account?.changed(message);
        break;
      case "signal":
        account?.signal(message.signal);
        break;
      case "presence":
        account?.known(message.known);
        break;
      case "news":
        if (message.tab === this.tabLine.tab) {
          const { conversation, event: one, watched } = message;
          if (isMessage(one)) for (const run of this.newsRuns) run({ conversation, event: one, watched });
        }
        break;
      case "out":
        this.why = message.code;
        void this.look();
        break;
      case "slow":
        this.trouble("storage_slow", message.is);
        break;
      default:
        break;
    }
  }

  private askForPeople(): void {
    const unknown = [...this.persons.values()].filter((one) => !one.now.known).map((one) => one.now.id);
    // Somebody who is not found stays unknown; a server that is away is told by the banner.
    if (unknown.length > 0) this.tabLine.ask("people", { accounts: unknown }).catch(() => undefined);
  }

  private outdated(): void {
    // The text in the composer is the screens' own, and stays; nothing more is kept or shown here until a reload.
    this.tabLine.work({ type: "stop" });
    this.trouble("outdated", true);
  }

  private trouble(trouble: Trouble, is: boolean): void {
    if (is) this.troubles.add(trouble);
    else this.troubles.delete(trouble);
    this.show();
  }

  private show(): void {
    const order: Trouble[] = ["outdated", "storage_failed", "storage_slow", "insecure"];
    const trouble = order.find((one) => this.troubles.has(one)) ?? null;
    const asOf = this.heard.state === "online" ? null : (this.heard.asOf ?? this.account?.asOf ?? null);
    this.connection.set({ ...this.heard, asOf, trouble });
  }
}
