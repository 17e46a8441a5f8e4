/**
 * What somebody has before them: asked for when it comes before them, and again for as long as it does, where the answer
 * is old or did not come.
 */
import { directMembers } from "@chinwag/client";
import type { Looks } from "./looks.js";
import { type People, STILL } from "./people.js";
import type { State } from "./state.js";

export class Attention {
  private readonly state: State;
  private readonly people: Pick<People, "lookedAt">;
  private readonly looks: Pick<Looks, "at">;
  private readonly members: (conversation: string) => Promise<void>;
  private readonly loading = new Map<string, Promise<void>>();
  /** Conversations that were loaded since this engine leads. */
  private readonly loaded = new Set<string>();
  /** Newest messages of conversations, of which nobody answered what they say now. */
  private readonly unanswered = new Map<string, number>();

  /** `members`: loads a conversation with all its members. */
  constructor(state: State, people: Attention["people"], looks: Attention["looks"], members: Attention["members"]) {
    this.state = state;
    this.people = people;
    this.looks = looks;
    this.members = members;
  }

  /** Somebody opened it. Returns when its members are known. Fails as requests do. */
  async opened(conversation: string): Promise<void> {
    this.partner(conversation);
    const kept = this.state.kept(conversation);
    if (!kept?.whole && !kept?.wide) await this.load(conversation);
  }

  /** A window shows it still. */
  watched(conversation: string): void {
    this.partner(conversation, STILL);
    // Who opened it has asked; that went wrong. One that has not begun has no members.
    const kept = this.state.kept(conversation);
    const lacking = kept?.whole === false && !kept.wide && !this.loaded.has(conversation);
    if (lacking) this.load(conversation).catch(() => undefined);
  }

  /** Ask how it is with the other one of a direct conversation. */
  partner(conversation: string, enough?: number): void {
    const other = directMembers(conversation)?.find((one) => one !== this.state.me);
    if (other !== undefined) this.people.lookedAt(other, enough);
  }

  /** What the list shows is before everybody; what a conversation shows is asked for when it does. */
  inList(conversation: string, number: number): void {
    this.unanswered.delete(conversation);
    if (this.state.kept(conversation)?.last?.number !== number) return;
    this.looks.at(conversation, number).catch(() => this.unanswered.set(conversation, number));
  }

  /** Ask anew for what was asked for in vain. Called at times. */
  again(): void {
    for (const [conversation, number] of [...this.unanswered]) this.inList(conversation, number);
  }

  private load(conversation: string): Promise<void> {
    const loading =
      this.loading.get(conversation) ??
      this.members(conversation)
        .then(() => {
          this.loaded.add(conversation);
        })
        .finally(() => {
          this.loading.delete(conversation);
        });
    this.loading.set(conversation, loading);
    return loading;
  }
}
