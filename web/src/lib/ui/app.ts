/** What every screen needs: the engine, and a place for words that come and go. */
import { getContext, setContext } from "svelte";
import { writable, type Writable } from "svelte/store";
import type { Engine, Failure, Person } from "../engine/api.js";
import { refused, words } from "../words/words.js";

/** Words at the bottom of the page for a while, with something that can be done about them. */
export interface Toast {
  readonly text: string;
  readonly action?: { readonly words: string; readonly run: () => void };
}

export interface App {
  readonly engine: Engine;
  readonly toast: Writable<Toast | null>;
  /** What a polite reader says next. */
  readonly said: Writable<string>;
}

const KEY = Symbol("app");

export function provide(engine: Engine): App {
  return setContext<App>(KEY, { engine, toast: writable(null), said: writable("") });
}

export function app(): App {
  return getContext<App>(KEY);
}

/** What somebody is called. */
export function nameOf(person: Person): string {
  if (person.closed) return words("person.closed");
  if (!person.known) return words("person.unknown");
  return person.display_name || person.name;
}

/** A refusal in words, by its code. */
export function reason(failure: unknown, values: { name?: string } = {}): string {
  const code = isFailure(failure) ? failure.code : "other";
  return codeWords(code, values);
}

export function codeWords(code: string, values: { name?: string } = {}): string {
  return refused(code, { name: values.name ?? "" });
}

export function isFailure(failure: unknown): failure is Failure {
  return failure instanceof Error && failure.name === "Failure" && "code" in failure;
}
