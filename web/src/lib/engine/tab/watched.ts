/** Values that change, as `api.ts` gives them. */
import type { Watched } from "../api.js";

export class Value<T> implements Watched<T> {
  private value: T;
  private readonly runs = new Set<(value: T) => void>();
  private readonly used: ((is: boolean) => void) | undefined;

  /** `used`: told when the first one subscribes, and when the last one has gone. */
  constructor(value: T, used?: (is: boolean) => void) {
    this.value = value;
    this.used = used;
  }

  get now(): T {
    return this.value;
  }

  get watched(): boolean {
    return this.runs.size > 0;
  }

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const run of [...this.runs]) run(value);
  }

  subscribe(run: (value: T) => void): () => void {
    // The same function may subscribe twice.
    const one = (value: T): void => {
      run(value);
    };
    this.runs.add(one);
    if (this.runs.size === 1) this.used?.(true);
    one(this.value);
    return () => {
      if (this.runs.delete(one) && this.runs.size === 0) this.used?.(false);
    };
  }
}
