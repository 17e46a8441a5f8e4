/** What a page shows of the engine: values that change, of whoever is logged in, and how it stands with the server. */
import type { Connection, ConversationRow, Engine, Session, Trouble } from "../api.js";
import type { Account } from "./account.js";
import { Following } from "./derived.js";
import type { Line } from "./line.js";
import { Persons } from "./persons.js";
import { Remote } from "./remote.js";
import { Value } from "./watched.js";

const CONNECTING: Connection = { state: "connecting", asOf: null, nextTry: null, transport: null, trouble: null };

export class Shown extends Remote {
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
  readonly mentions = new Following<number>(0);
  readonly pushGone = new Following<number>(0);
  protected readonly persons: Persons;
  protected account: Account | null = null;
  private readonly troubles = new Set<Trouble>();
  private heard: Connection = CONNECTING;
  private ahead = 0;

  constructor(line: Line) {
    super(line);
    this.persons = new Persons(line, this.people);
  }

  clock(): number {
    return Date.now() + this.ahead;
  }

  /** The leader said how it stands. */
  protected stands(connection: Connection, ahead: number): void {
    const back = connection.state === "online" && this.heard.state !== "online";
    this.heard = connection;
    this.ahead = ahead;
    if (connection.state !== "online") this.account?.away();
    this.show();
    if (back) this.account?.again();
  }

  protected follow(): void {
    const { account } = this;
    this.conversations.attach(account?.rows ?? null, (rows) => rows);
    this.people.attach(account?.people ?? null, (people) => people);
    this.presence.attach(account?.presence ?? null, (presence) => presence);
    this.unread.attach(account?.unread ?? null, (unread) => unread);
    this.mentions.attach(account?.mentions ?? null, (mentions) => mentions);
    const own = account?.own ?? null;
    this.friends.attach(own, (value) => account?.friends(value) ?? []);
    this.blocked.attach(own, (value) => value.blocked);
    this.settings.attach(own, (value) => value.settings);
    this.announcements.attach(own, (value) => value.announcements);
    this.pushGone.attach(own, (value) => value.versions.get(`push:${account?.device ?? ""}`) ?? 0);
  }

  protected trouble(trouble: Trouble, is: boolean): void {
    if (is) this.troubles.add(trouble);
    else this.troubles.delete(trouble);
    this.show();
  }

  protected show(): void {
    const order: Trouble[] = ["outdated", "storage_failed", "storage_slow", "insecure"];
    const trouble = order.find((one) => this.troubles.has(one)) ?? null;
    const asOf = this.heard.state === "online" ? null : (this.heard.asOf ?? this.account?.asOf ?? null);
    this.connection.set({ ...this.heard, asOf, trouble });
  }
}
