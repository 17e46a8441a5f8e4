/**
 * The way to a provider and back (docs/openid.md). The page is left on it: what must outlive that lies in the tab's own
 * storage, for the trip alone. Without the secret in it nobody can use what comes back.
 */
import { randomName } from "@chinwag/client";

/** Milliseconds that somebody may be away. */
const AWAY = 600_000;
const KEY = "chinwag.trip";

/** What somebody set out for. */
export interface Errand {
  /** To log in, or to link the account that is logged in here. */
  readonly to: "logIn" | "link";
  readonly provider: string;
  readonly label: string;
  /** The code for a first log-in where one is needed; else empty. */
  readonly invitation: string;
}

export interface Trip extends Errand {
  readonly secret: string;
  /** The address of the app to go on at. */
  readonly home: string;
  /** When it is too old, in milliseconds since 1970. */
  readonly until: number;
}

/** Who came back: with a code, or with the code of a refusal. */
export type Arrival =
  { readonly trip: Trip; readonly code: string } | { readonly refused: string; readonly trip: Trip | null };

export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** SHA-256 in base 64 for URLs: what the server is told of the secret. */
export async function bindingOf(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  const text = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Whether this page can make a binding: only one with a secure address. */
export function canSetOut(): boolean {
  return (globalThis.crypto.subtle as SubtleCrypto | undefined) !== undefined;
}

/** Make a trip and keep it. Fails where the browser keeps nothing: who could not finish does not set out. */
export function keep(shelf: Shelf, errand: Errand, home: string, now: number): Trip {
  const trip: Trip = { ...errand, secret: randomName() + randomName(), home, until: now + AWAY };
  shelf.setItem(KEY, JSON.stringify(trip));
  return trip;
}

/**
 * Who came back, by what stands behind the `#`; null: that is nobody's return. The trip is over with it, whatever came:
 * what somebody else's link brings, without a trip of this tab, is refused as unknown.
 */
export function arrival(hash: string, shelf: Shelf, now: number): Arrival | null {
  const here = said(hash);
  if (here === null) return null;
  const trip = kept(shelf, now);
  if (trip === null) return { refused: "openid_state", trip };
  const { code, refused } = here;
  return code === null || refused !== null ? { refused: refused ?? "openid_state", trip } : { trip, code };
}

/** What a provider's return says behind the `#`; null: this is none. */
function said(hash: string): { code: string | null; refused: string | null } | null {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const [code, refused] = [fields.get("openid_code"), fields.get("openid_error")];
  return code === null && refused === null ? null : { code, refused };
}

function kept(shelf: Shelf, now: number): Trip | null {
  const text = shelf.getItem(KEY);
  shelf.removeItem(KEY);
  if (text === null) return null;
  const trip = JSON.parse(text) as Trip;
  return now < trip.until ? trip : null;
}

/** Leave for a provider. `begin` asks the server for the way there, and fails as the engine does. */
export async function setOut(
  errand: Errand,
  begin: (binding: string, returnTo: string) => Promise<string>,
): Promise<void> {
  try {
    const { pathname, hash } = location;
    const trip = keep(sessionStorage, errand, pathname + hash, Date.now());
    leaveFor(await begin(await bindingOf(trip.secret), `${location.origin}/`));
  } catch (error) {
    forget();
    throw error;
  }
}

/** Leave the app for an address that the server named. */
export function leaveFor(address: string): void {
  const { protocol } = new URL(address);
  if (protocol !== "https:" && protocol !== "http:") throw new TypeError(`no address of a page: ${protocol}`);
  location.assign(address);
}

function forget(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}

let waiting: Arrival | null = null;

/**
 * The page begins: take what stands behind the `#`, if somebody came back, and take it out of the address and the history
 * before anything else can see it. Gives the address to go on at; null: nobody came back.
 */
export function land(): string | null {
  if (said(location.hash) === null) return null;
  try {
    waiting = arrival(location.hash, sessionStorage, Date.now());
  } catch {
    // The storage is closed, or somebody else wrote into it.
    waiting = { refused: "openid_state", trip: null };
  }
  return waiting?.trip?.home ?? "/";
}

/** Who came back for this, once; null: nobody. A return without a trip is told at the door. */
export function landed(to: Errand["to"]): Arrival | null {
  if (waiting === null || (waiting.trip?.to ?? "logIn") !== to) return null;
  const here = waiting;
  waiting = null;
  return here;
}
