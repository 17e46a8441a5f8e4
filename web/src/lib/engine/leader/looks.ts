/**
 * What a message says now that it was changed, where no event tells it: asked for by those who have it before them, each
 * a little later than the others.
 */
import { pause } from "@chinwag/client";

/** A question waits up to so many milliseconds. */
const SPREAD = 2_000;
/** Answers that are kept in mind: what may not be read is not asked for again and again. */
const KNOWN = 1_000;

export class Looks {
  private readonly ask: (conversation: string, number: number) => Promise<void>;
  private readonly random: () => number;
  private readonly asking = new Map<string, Promise<void>>();
  private readonly answered = new Set<string>();

  constructor(ask: (conversation: string, number: number) => Promise<void>, random: () => number = Math.random) {
    this.ask = ask;
    this.random = random;
  }

  /** Ask what message `number` says. Returns when it is known. Fails as requests do. */
  async at(conversation: string, number: number): Promise<void> {
    const name = nameOf(conversation, number);
    if (this.answered.has(name)) return;
    const asking = this.asking.get(name) ?? this.later(conversation, number, name);
    this.asking.set(name, asking);
    await asking;
  }

  /** It was changed again: the answer that is known is old. */
  changed(conversation: string, number: number): void {
    this.answered.delete(nameOf(conversation, number));
  }

  private async later(conversation: string, number: number, name: string): Promise<void> {
    try {
      await pause(this.random() * SPREAD);
      this.answered.add(name);
      await this.ask(conversation, number);
      for (const oldest of this.answered) {
        if (this.answered.size <= KNOWN) break;
        this.answered.delete(oldest);
      }
    } catch (error) {
      this.answered.delete(name);
      throw error;
    } finally {
      this.asking.delete(name);
    }
  }
}

function nameOf(conversation: string, number: number): string {
  return `${number} ${conversation}`;
}
