/**
 * How many react to what windows on a large group show, of which no event tells there: asked for when it is shown, and
 * again when the leader says that something may have been missed. What comes meanwhile is told by itself.
 */
import { isMessage } from "@chinwag/client";
import type { MessageWindow, WindowState } from "../api.js";

/** Messages that one request names. */
const ASKED = 100;
/** Milliseconds that a person scrolls on in. */
const WAIT = 250;

/** Ask the leader. `screen`: with these, all that is shown was asked for. */
export type Ask = (numbers: number[], screen: boolean) => Promise<unknown>;

const counted = new WeakMap<MessageWindow, Counted>();

/** Have what these windows show counted: all of it now, and from now on what they come to show. */
export function count(windows: Iterable<MessageWindow>, ask: Ask): void {
  for (const window of windows) {
    const one = counted.get(window) ?? new Counted(window, ask);
    counted.set(window, one);
    one.again();
  }
}

class Counted {
  private readonly ask: Ask;
  private state: WindowState | null = null;
  private done = new Set<number>();
  /** It was told to ask: it does, though no message is shown, so that the leader knows that a window is there. */
  private told = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(window: MessageWindow, ask: Ask) {
    this.ask = ask;
    window.subscribe((state) => {
      this.shows(state);
    });
  }

  again(): void {
    this.done = new Set();
    this.told = true;
    this.soon();
  }

  private shows(state: WindowState): void {
    const before = this.state;
    this.state = state;
    if (before?.atEnd === true && before.rows.length > 0) {
      // What is said while one looks on is told of by itself.
      const last = numbersOf(before).at(-1) ?? 0;
      for (const number of numbersOf(state)) if (number > last) this.done.add(number);
    }
    if (numbersOf(state).some((number) => !this.done.has(number))) this.soon();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.look();
    }, WAIT);
  }

  private async look(): Promise<void> {
    const { done } = this;
    const wanted = (this.state === null ? [] : numbersOf(this.state)).filter((number) => !done.has(number));
    for (const number of wanted) done.add(number);
    const none = wanted.length === 0 && this.told;
    this.told = false;
    try {
      if (none) await this.ask([], false);
      for (let at = 0; at < wanted.length; at += ASKED)
        await this.ask(wanted.slice(at, at + ASKED), at + ASKED >= wanted.length);
    } catch {
      // They are asked for again with the next that one is told of.
    }
  }
}

function numbersOf({ rows }: WindowState): number[] {
  return rows.flatMap(({ event }) => (event !== null && isMessage(event) ? [event.number] : []));
}
