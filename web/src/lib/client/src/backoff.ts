/** How long to wait before trying again: exponential, with full jitter, bounded. */

const FIRST = 250;
const MOST = 30_000;

/**
 * Delays for one thing that is tried again and again, in milliseconds. The n-th is drawn evenly from 0 to
 * min(most, first * 2^n), so that clients which lost their server at one moment do not come back at one moment.
 */
export class Backoff {
  private failures = 0;
  private readonly first: number;
  private readonly most: number;
  private readonly random: () => number;

  constructor(first = FIRST, most = MOST, random: () => number = Math.random) {
    this.first = first;
    this.most = most;
    this.random = random;
  }

  /** How long to wait now; never less than `atLeast`, which the server asked for, and spread above it. */
  next(atLeast = 0): number {
    const ceiling = Math.min(this.most, this.first * 2 ** Math.min(this.failures, 32));
    this.failures += 1;
    return atLeast + this.random() * ceiling;
  }

  /** It worked: begin again with short delays. */
  reset(): void {
    this.failures = 0;
  }
}
