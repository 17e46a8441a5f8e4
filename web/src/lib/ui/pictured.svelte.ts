/** The address of a picture that is in the database or on the server, for as long as a component shows it. */
import { isFailure } from "./app.js";

/** Milliseconds until one that could not be had is asked for again, at first and at most, and how often. */
const FIRST = 2_000;
const MOST = 60_000;
const TRIES = 8;

export class Pictured {
  /** Empty until it is there. */
  address = $state("");
  /** It cannot be had. */
  failed = $state(false);
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Show what `fetch` gives, null being nothing; what was shown before stays until then. */
  show(fetch: () => Promise<Blob | null>): void {
    const question = ++this.#asked;
    clearTimeout(this.#timer);
    this.#try(fetch, question, 0);
  }

  /** Let go of it. */
  stop(): void {
    this.#asked += 1;
    clearTimeout(this.#timer);
    this.#set("");
  }

  #try(fetch: () => Promise<Blob | null>, question: number, tries: number): void {
    fetch().then(
      (blob) => {
        if (question !== this.#asked) return;
        this.failed = blob === null;
        this.#set(blob === null ? "" : URL.createObjectURL(blob));
      },
      (failure: unknown) => {
        if (question !== this.#asked) return;
        this.failed = true;
        // What the server has refused for good is not asked for again.
        if (tries >= TRIES || (isFailure(failure) && !failure.retryable)) return;
        this.#timer = setTimeout(
          () => {
            this.#try(fetch, question, tries + 1);
          },
          Math.min(MOST, FIRST * 2 ** tries),
        );
      },
    );
  }

  #set(address: string): void {
    if (this.address !== "") URL.revokeObjectURL(this.address);
    this.address = address;
  }
}
