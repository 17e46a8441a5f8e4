/** A value that follows another, whichever account is logged in. */
import type { Watched } from "../api.js";
import { Value } from "./watched.js";

/** Follows what `attach` gives it, until it gives it another. While nothing is attached it has the value `none`. */
export class Following<T> implements Watched<T> {
  private readonly value: Value<T>;
  private readonly none: T;
  private detach: () => void = () => undefined;

  constructor(none: T) {
    this.none = none;
    this.value = new Value(none);
  }

  get now(): T {
    return this.value.now;
  }

  subscribe(run: (value: T) => void): () => void {
    return this.value.subscribe(run);
  }

  attach<From>(source: Watched<From> | null, as: (from: From) => T): void {
    this.detach();
    this.detach = () => undefined;
    if (source === null) this.value.set(this.none);
    else {
      this.detach = source.subscribe((value) => {
        this.value.set(as(value));
      });
    }
  }
}
