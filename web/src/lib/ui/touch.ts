/** What fingers do with a message: a long press, and a swipe towards the start of the line. */

const PRESS = 500;
const SWIPE = 56;
/** A finger that moves so little still presses. */
const STILL = 10;

export class Touch<Target> {
  #held: { x: number; y: number; target: Target; timer: ReturnType<typeof setTimeout> } | null = null;
  readonly #pressed: (target: Target) => void;
  readonly #swiped: (target: Target) => void;

  constructor(pressed: (target: Target) => void, swiped: (target: Target) => void) {
    this.#pressed = pressed;
    this.#swiped = swiped;
  }

  /** Whether a finger lies on a message. */
  get holds(): boolean {
    return this.#held !== null;
  }

  down(event: PointerEvent, target: Target | null): void {
    if (event.pointerType === "mouse" || target === null) return;
    const timer = setTimeout(() => {
      this.#held = null;
      this.#pressed(target);
    }, PRESS);
    this.#held = { x: event.clientX, y: event.clientY, target, timer };
  }

  moved(event: PointerEvent): void {
    if (this.#held === null) return;
    const { x, y, target, timer } = this.#held;
    const across = event.clientX - x;
    if (Math.abs(event.clientY - y) > STILL) this.lift();
    else if (Math.abs(across) > STILL) {
      clearTimeout(timer);
      const rtl = getComputedStyle(event.currentTarget as Element).direction === "rtl";
      if ((rtl ? across : -across) > SWIPE) {
        this.lift();
        this.#swiped(target);
      }
    }
  }

  /** The finger is gone, or scrolls. */
  readonly lift = (): void => {
    if (this.#held !== null) clearTimeout(this.#held.timer);
    this.#held = null;
  };
}
