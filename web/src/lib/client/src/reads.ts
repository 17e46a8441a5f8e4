/** Read marks on their way: each is said again until its event comes back. It does no I/O. */

const REPEAT = 5_000;
/** A mark that does not come back after so many times does not move: the account has read further already. */
const REPEATS = 6;

interface Mark {
  number: number;
  said: number;
  due: number;
}

/** Times are milliseconds of any one clock that only moves forward. */
export class Reads {
  private readonly marks = new Map<string, Mark>();

  /** The account has read the conversation up to `number`. */
  read(conversation: string, number: number): void {
    const held = this.marks.get(conversation);
    if (held === undefined || number > held.number) this.marks.set(conversation, { number, said: 0, due: 0 });
  }

  /** The own mark came back. Returns whether nothing of this conversation is on its way any longer. */
  confirmed(conversation: string, number: number): boolean {
    const held = this.marks.get(conversation);
    if (held === undefined || held.number > number) return false;
    this.marks.delete(conversation);
    return true;
  }

  /** What to say now, and which marks are given up. */
  due(now: number): { say: { conversation: string; number: number }[]; givenUp: string[] } {
    const say = [];
    const givenUp = [];
    for (const [conversation, mark] of this.marks) {
      if (mark.due > now) continue;
      if (mark.said >= REPEATS) {
        this.marks.delete(conversation);
        givenUp.push(conversation);
        continue;
      }
      mark.said += 1;
      mark.due = now + REPEAT;
      say.push({ conversation, number: mark.number });
    }
    return { say, givenUp };
  }

  /** When the next one is to be said again; null if none is on its way. */
  nextDue(): number | null {
    let next = Infinity;
    for (const mark of this.marks.values()) next = Math.min(next, mark.due);
    return next === Infinity ? null : next;
  }

  /** What was said may not have been heard. */
  disconnected(): void {
    for (const mark of this.marks.values()) {
      mark.due = 0;
      mark.said = 0;
    }
  }
}
