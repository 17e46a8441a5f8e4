/** Where the person is: each screen has an address, and the browser's back button works. */
import { writable, type Readable } from "svelte/store";

export type Route =
  | { at: "chats" }
  | { at: "talk"; conversation: string; number: number | null }
  | { at: "people" }
  | { at: "groups" }
  | { at: "search"; conversation: string | null; mentions: boolean }
  | { at: "files"; conversation: string }
  | { at: "settings"; section: string }
  | { at: "join"; code: string };

/** What an address leads to; whatever it does not know is the list. */
export function parse(path: string, hash = ""): Route {
  const parts = path.split("/").slice(1).map(decoded);
  const [first = "", second = "", third = ""] = parts;
  if (first === "c" && second !== "") {
    const number = /^[1-9][0-9]{0,15}$/.test(third) ? Number(third) : null;
    return {
      at: "talk",
      conversation: second,
      number: number !== null && Number.isSafeInteger(number) ? number : null,
    };
  }
  if (first === "files" && second !== "") return { at: "files", conversation: second };
  if (first === "people") return { at: "people" };
  if (first === "search") return { at: "search", conversation: third || null, mentions: second === "me" };
  if (first === "groups") return { at: "groups" };
  if (first === "settings" || first === "you") return { at: "settings", section: second };
  if (first === "join" && hash.length > 1) return { at: "join", code: decoded(hash.slice(1)) };
  return { at: "chats" };
}

/** The address of a conversation, or of one message in it. */
export function addressOf(conversation: string, number: number | null = null): string {
  const own = `/c/${encodeURIComponent(conversation)}`;
  return number === null ? own : `${own}/${number}`;
}

/** The address of the search in one conversation: `/search/in/…`; of all that speaks to oneself: `/search/me`. */
export function searchIn(conversation: string): string {
  return `/search/in/${encodeURIComponent(conversation)}`;
}

/** The address of all that a conversation's messages carry. */
export function filesOf(conversation: string): string {
  return `/files/${encodeURIComponent(conversation)}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

const current = writable<Route>(here());

export const route: Readable<Route> = current;

function here(): Route {
  return typeof location === "undefined" ? { at: "chats" } : parse(location.pathname, location.hash);
}

/** How many steps back inside the app there are: without one, "back" on a phone goes to the list. */
let depth = 0;

if (typeof window !== "undefined") {
  window.addEventListener("popstate", () => {
    depth = Math.max(0, depth - 1);
    move(() => {
      current.set(here());
    });
  });
}

/** Go to an address of the app. */
export function go(path: string, options: { replace?: boolean } = {}): void {
  if (options.replace === true) history.replaceState(null, "", path);
  else if (path !== location.pathname + location.hash) {
    history.pushState(null, "", path);
    depth++;
  }
  move(() => {
    current.set(here());
  });
}

/** The step back that a phone's header offers. */
export function back(): void {
  if (depth > 0) history.back();
  else go("/", { replace: true });
}

/** On phones, pages slide; where the browser cannot or the person does not want it, they are just there. */
function move(change: () => void): void {
  const slides =
    "startViewTransition" in document &&
    matchMedia("(max-width: 767px)").matches &&
    !matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (!slides) {
    change();
    return;
  }
  document.startViewTransition(async () => {
    change();
    const { tick } = await import("svelte");
    await tick();
  });
}
