/**
 * Pushes to this browser: turned on and off by the person, and kept as they were turned on. A browser holds one
 * subscription; it is of the account that is logged in, and goes with the log-in.
 */
import type { Engine } from "../engine/api.js";
import { keyOf, subscribed } from "../engine/web-subscription.js";
import { pushSettings } from "./push-settings.js";
import { want, wanted } from "./push-wanted.js";

/**
 * How it stands. insecure: the address is not secure. unsupported: the browser cannot. refused: it was told not to.
 * none: the server pushes to no browser. unanswered: the browser's own push service does not answer.
 */
export type Standing = "insecure" | "unsupported" | "refused" | "none" | "unanswered" | "off" | "on";

/** Milliseconds in which the service worker must be there. */
const INSTALLED = 10_000;
const LOCK = "chinwag.push";

/** How it stands now. Fails as the engine's requests do. */
export async function standing(engine: Engine): Promise<Standing> {
  const cannot = unable();
  if (cannot !== null) return cannot;
  if ((await serverKey(engine)) === null) return "none";
  const session = engine.session.now;
  if (session.state !== "in" || wanted() !== session.me.id || Notification.permission !== "granted") return "off";
  const held = await (await manager())?.getSubscription();
  const known = await engine.pushSubscription();
  return held && known?.endpoint === held.endpoint ? "on" : "off";
}

/** The person wants pushes here: to be called by a click, as the browser may ask them. Fails as requests do. */
export async function turnOn(engine: Engine): Promise<Standing> {
  const cannot = unable();
  if (cannot !== null) return cannot;
  const permission = await Notification.requestPermission();
  if (permission !== "granted") return permission === "denied" ? "refused" : "off";
  const session = engine.session.now;
  if (session.state !== "in") return "off";
  want(session.me.id);
  const became = await settle(engine).catch((failure: unknown) => {
    want(null);
    throw failure;
  });
  if (became === "on") keepPush(engine);
  else want(null);
  return became;
}

/** The person wants none here any more. Fails as requests do, and then holds all the same as far as the browser goes. */
export async function turnOff(engine: Engine): Promise<void> {
  want(null);
  await drop();
  await engine.unsubscribePush();
}

/** The engines for which it is kept. */
const kept = new WeakSet<Engine>();

/** Keep what was turned on: at the beginning, when the server has lost it, and until nobody is logged in. */
export function keepPush(engine: Engine): void {
  if (kept.has(engine)) return;
  kept.add(engine);
  const again = (): void => {
    // What fails now is made up for at the next beginning.
    settle(engine).catch(() => undefined);
  };
  /** The device for which it was looked after at the beginning. */
  let begun = "";
  const look = (): void => {
    const session = engine.session.now;
    if (session.state === "in" && wanted() === session.me.id && begun !== session.device && hasPushes(engine)) {
      begun = session.device;
      again();
    }
    if (session.state !== "out" || wanted() === null) return;
    // Whose log-in ended by itself has it again after the next one; whoever logged out turns it on anew.
    if (session.why === null) want(null);
    drop().catch(() => undefined);
  };
  engine.session.subscribe(look);
  engine.settings.subscribe(look);
  let last = engine.pushGone.now;
  engine.pushGone.subscribe((now) => {
    if (now > last && wanted() !== null) again();
    last = now;
  });
}

/** Have the browser and the server hold the same subscription, with the server's present key. */
async function settle(engine: Engine): Promise<Standing> {
  return alone(async () => {
    const key = await serverKey(engine);
    if (key === null) return "none";
    const pushes = await manager();
    if (pushes === null) return "unsupported";
    if (Notification.permission !== "granted") {
      await engine.unsubscribePush();
      return "off";
    }
    const held = await pushes.getSubscription();
    const known = await engine.pushSubscription();
    if (held !== null && keyOf(held) === key && known?.endpoint === held.endpoint) return "on";
    // The server took a subscription away: its address leads nowhere any more, and the browser must have another.
    if (held !== null && known === null) await held.unsubscribe().catch(() => false);
    const fresh = await subscribed(pushes, key).catch(() => null);
    if (fresh === null) return "unanswered";
    await engine.subscribePush(fresh);
    return "on";
  });
}

/** The browser forgets its subscription. */
async function drop(): Promise<void> {
  await alone(async () => {
    await (await (await manager())?.getSubscription())?.unsubscribe();
  });
}

/** Tabs do it one after the other. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  return await navigator.locks.request(LOCK, work);
}

/** Why nothing can be pushed to this browser, whatever the server says; null: it can. */
function unable(): "insecure" | "unsupported" | "refused" | null {
  if (!window.isSecureContext) return "insecure";
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
    return "unsupported";
  }
  return Notification.permission === "denied" ? "refused" : null;
}

/** The server's key for browsers; null: it has none. */
async function serverKey(engine: Engine): Promise<string | null> {
  return hasPushes(engine) ? ((await engine.pushKinds()).web?.key ?? null) : null;
}

/** Whether the server knows of pushes at all: an older one does not, nor of the settings for them. */
function hasPushes(engine: Engine): boolean {
  return pushSettings(engine.settings.now) !== null;
}

/** The pushes of the app's service worker; null: it is not there. */
async function manager(): Promise<PushManager | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, INSTALLED, null);
  });
  const ready = navigator.serviceWorker.ready.then((registration) => registration.pushManager);
  return Promise.race([ready, late]).finally(() => {
    clearTimeout(timer);
  });
}
