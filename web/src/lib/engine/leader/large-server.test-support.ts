/** A group on a server, as one account has it: copied to its inbox, or asked for, as docs/protocol.md says. */
import {
  afterEvent,
  type AnyEvent,
  type ClientFrame,
  Http,
  type Kept,
  type KeptEvent,
  type NoticeChange,
  type ServerFrame,
  unread,
} from "@chinwag/client";

export const ME = "3";
export const DEVICE = "mine";
export const GROUP = "g~7";
/** Numbers that lie between at most. */
const FAR = 1_000;

const MEMBERS = { "1": "owner", "2": "admin", [ME]: "member" } as const;

export class GroupServer {
  /** All that was placed: number n at n - 1. */
  readonly log: KeptEvent[] = [];
  /** Of whom it concerns: what its inbox has, with positions. */
  readonly inbox: { position: number; event: AnyEvent }[] = [];
  /** What the device asked for, in order. */
  readonly asked: string[] = [];
  readonly said: ClientFrame[] = [];
  /** How many events one page of changes holds. */
  page = 200;
  /** Answers that are held back until `release`. */
  held: (() => void)[] | null = null;
  /** Numbers that may not be read. */
  closed: [number, number] | null = null;
  readonly http: Http;
  /** How many times somebody put a reaction on, or took it back, without a number. */
  reacted = 0;
  private readonly on = new Map<number, Map<string, Set<string>>>();
  private recounted = new Set<number>();
  private told = 0;
  private truth: Kept | undefined;
  private ordinal = 0;
  private follower: { next: number } | null = null;
  private hear: (frame: ServerFrame) => void = () => undefined;

  constructor() {
    this.http = new Http("", (input) => this.answer(typeof input === "string" ? input : ""));
    this.notice("1", { type: "created", title: "Tea", members: MEMBERS, settings: {} });
    this.notice("4", { type: "joined", account: "4", wide: true });
  }

  /** What the account has of it when it loads it. */
  get kept(): Kept {
    if (this.truth === undefined) throw new Error("nothing was placed");
    return this.truth;
  }

  get head(): number {
    return this.log.length;
  }

  get large(): boolean {
    return this.kept.large === true;
  }

  over(hear: (frame: ServerFrame) => void): void {
    this.hear = hear;
  }

  message(from: string, text = `m${this.head + 1}`, more: object = {}): number {
    this.ordinal += 1;
    const toMe = "mentioned" in more;
    const body = { type: "text" as const, text };
    return this.place({ kind: "message", from, body, ...more }, from === ME || toMe);
  }

  notice(from: string, change: NoticeChange): number {
    const about = "account" in change && change.account === ME;
    return this.place({ kind: "notice", from, change }, about);
  }

  edit(target: number, text: string): number {
    const body = { type: "text" as const, text };
    return this.place({ kind: "edited", from: "1", shown: target, target, body }, false);
  }

  erase(target: number): number {
    return this.place({ kind: "deleted", from: "1", shown: target, target }, false);
  }

  /** How it is delivered from here on. */
  turn(large: boolean): number {
    return this.notice("1", { type: "delivery", large });
  }

  /** Somebody puts a reaction on a message, while it is large. */
  react(number: number, from: string, reaction = "👍"): void {
    this.reacted += 1;
    const there = this.on.get(number) ?? new Map<string, Set<string>>();
    this.on.set(number, there.set(reaction, (there.get(reaction) ?? new Set()).add(from)));
    this.recounted.add(number);
  }

  /** Tell followers of what is on messages since it was told last; `lost`: none of them hears it. */
  count(lost = false): void {
    const messages = [...this.recounted].map((number) => ({ number, reactions: this.counts(number) }));
    const { told: before, reacted: turn } = this;
    this.told = turn;
    this.recounted = new Set();
    if (!lost) this.hear({ type: "counts", conversation: GROUP, before, turn, messages });
  }

  private counts(number: number): { reaction: string; count: number }[] {
    return [...(this.on.get(number) ?? [])].map(([reaction, from]) => ({ reaction, count: from.size }));
  }

  release(): void {
    const { held } = this;
    this.held = null;
    for (const go of held ?? []) go();
  }

  hears(frame: ClientFrame): void {
    this.said.push(frame);
    // Of other groups it says nothing.
    if ((frame.type !== "unfollow" && frame.type !== "follow") || frame.conversation !== GROUP) return;
    if (frame.type === "unfollow") this.follower = null;
    if (frame.type !== "follow") return;
    this.follower = null;
    const { conversation, after } = frame;
    if (!this.large) {
      this.hear({ type: "error", code: "not_large", message: "", conversation, frame: "follow" });
    } else if (this.head - after > FAR) {
      this.hear({ type: "far", conversation, head: this.head });
    } else {
      const open = this.closed !== null && after < this.closed[1] ? this.closed[1] : after;
      this.follower = { next: Math.min(open, this.head) + 1 };
      this.hear({ type: "followed", conversation, after: this.follower.next - 1 });
      this.feed();
    }
  }

  nudge(all = 0): void {
    const { head, ordinal, shown } = this.kept;
    this.hear({ type: "nudge", conversation: GROUP, head, ordinal, shown, all });
  }

  /** The feed ends, and says so. */
  end(code: "slow" | "drain"): void {
    const number = (this.follower?.next ?? 1) - 1;
    this.follower = null;
    this.hear({ type: "unfollow", conversation: GROUP, number, code });
  }

  private place(what: object, concerned: boolean): number {
    const number = this.head + 1;
    const shape = { conversation: GROUP, number, ordinal: this.ordinal, device: "theirs", id: `i${number}` };
    const event = { ...shape, sent_at: number * 1000, ...what } as KeptEvent;
    const before = this.truth?.large === true;
    this.log.push(event);
    const applied = afterEvent(this.truth, event, ME);
    if (applied !== null && "kept" in applied) this.truth = applied.kept;
    // The notice that it is large is the last one that is copied, the one that it is small the first again.
    if (!before || !this.large || concerned) this.inbox.push({ position: this.inbox.length + 1, event });
    this.feed();
    return number;
  }

  private feed(): void {
    while (this.follower !== null && this.follower.next <= this.head) {
      const event = this.log[this.follower.next - 1] as KeptEvent;
      this.follower.next += 1;
      this.hear({ type: "feed", conversation: GROUP, event } as ServerFrame);
      const change = "change" in event ? event.change : null;
      const small = change?.type === "delivery" && !change.large;
      const gone = (change?.type === "removed" || change?.type === "left") && change.account === ME;
      if (!small && !gone) continue;
      this.follower = null;
      const code = small ? "small" : "not_member";
      this.hear({ type: "unfollow", conversation: GROUP, number: event.number, code });
    }
  }

  private async answer(path: string): Promise<Response> {
    this.asked.push(path);
    const { held } = this;
    if (held !== null) await new Promise<void>((go) => held.push(go));
    const { pathname, searchParams } = new URL(path, "http://server");
    if (pathname.endsWith("/heads")) {
      const { head, ordinal, shown } = this.kept;
      const one = { conversation: GROUP, head, ordinal, shown, all: 0, large: this.large };
      return Response.json({ heads: searchParams.getAll("conversation").includes(GROUP) ? [one] : [] });
    }
    if (pathname.endsWith("/reactions")) {
      const messages = searchParams.getAll("message").map((one) => {
        const mine = (reaction: string): boolean => this.on.get(Number(one))?.get(reaction)?.has(ME) ?? false;
        const reactions = this.counts(Number(one)).map((on) => ({ ...on, by: [], mine: mine(on.reaction) }));
        return { number: Number(one), reactions };
      });
      return Response.json({ messages, turn: this.reacted });
    }
    if (pathname.endsWith("/changes")) {
      const after = Number(searchParams.get("after"));
      const { head } = this;
      if (this.large && head - after > FAR) return Response.json({ events: [], head, gaps: [], quoted: [], far: true });
      const events = this.log.slice(after, after + this.page);
      return Response.json({ events, head, gaps: [], quoted: [], far: false });
    }
    return Response.json(this.view());
  }

  view(): object {
    const { kept } = this;
    const members = [...kept.members.values()];
    const told = { members, member_count: kept.memberCount, unread: unread(kept) };
    return { ...kept, ...told, wide: kept.wide ?? false, large: kept.large ?? false };
  }
}
