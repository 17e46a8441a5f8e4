/** What plays by a link: it is asked for when it is first needed, and again when it is no longer good. */
import type { MediaLink } from "../engine/api.js";

/** Links asked for in a row without anything having been played in between. */
const TRIES = 2;

export class Linked {
  readonly #element: HTMLMediaElement;
  readonly #ask: () => Promise<MediaLink>;
  readonly #failed: () => void;
  #tries = 0;
  #wanted = false;

  /** `failed`: it cannot be played. */
  constructor(element: HTMLMediaElement, ask: () => Promise<MediaLink>, failed: () => void) {
    this.#element = element;
    this.#ask = ask;
    this.#failed = failed;
    element.addEventListener("error", () => void this.#again());
    element.addEventListener("playing", () => (this.#tries = 0));
  }

  async play(): Promise<void> {
    this.#wanted = true;
    if (this.#element.getAttribute("src") === null) await this.#load(0);
    // A browser that wants another click says so; its controls are there.
    await this.#element.play().catch(() => undefined);
  }

  pause(): void {
    this.#wanted = false;
    this.#element.pause();
  }

  async #again(): Promise<void> {
    if (this.#element.getAttribute("src") === null) return;
    await this.#load(this.#element.currentTime);
    if (this.#wanted) await this.#element.play().catch(() => undefined);
  }

  async #load(at: number): Promise<void> {
    if (this.#tries >= TRIES) {
      this.#failed();
      return;
    }
    this.#tries += 1;
    try {
      this.#element.src = (await this.#ask()).url;
      if (at > 0) this.#element.currentTime = at;
    } catch {
      this.#failed();
    }
  }
}

/** Have the browser save what a link leads to. */
export function save(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.rel = "noopener";
  link.target = "_blank"; // from another origin a browser shows it instead
  link.click();
}
