import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AccountSettings, WebSubscription } from "@chinwag/client";
import type { Engine, Session } from "../engine/api.js";
import { Value } from "../engine/tab/watched.js";
import { keepPush, standing, turnOff, turnOn } from "./push.js";
import { want, wanted } from "./push-wanted.js";

const ME = "1";
const KEY = "BFirstKe";
const OTHER = "BSecondK";

/** A browser's subscription, as far as anybody asks it. */
class Held {
  readonly endpoint: string;
  readonly options: { applicationServerKey: ArrayBuffer };
  private readonly browser: PushesOfBrowser;

  constructor(browser: PushesOfBrowser, endpoint: string, key: string) {
    const bytes = Uint8Array.from(atob(key), (sign) => sign.charCodeAt(0));
    this.browser = browser;
    this.endpoint = endpoint;
    this.options = { applicationServerKey: bytes.buffer };
  }

  toJSON(): object {
    return { endpoint: this.endpoint, keys: { p256dh: "p", auth: "a" } };
  }

  unsubscribe(): Promise<boolean> {
    this.browser.held = null;
    return Promise.resolve(true);
  }
}

/** The browser's own push service. */
class PushesOfBrowser {
  held: Held | null = null;
  made = 0;
  works = true;

  getSubscription(): Promise<Held | null> {
    return Promise.resolve(this.held);
  }

  subscribe({ applicationServerKey: key }: { applicationServerKey: string }): Promise<Held> {
    if (!this.works) return Promise.reject(new DOMException("no push service", "AbortError"));
    this.held ??= new Held(this, `https://push.example/${(this.made += 1)}`, key);
    return Promise.resolve(this.held);
  }
}

let browser: PushesOfBrowser;
/** What the server has of this device. */
let known: WebSubscription | null;
let key: string | null;
const pushGone = new Value(0);
const gone = (): void => {
  pushGone.set(pushGone.now + 1);
};
let permission: NotificationPermission;
let asks: number;
const session = new Value<Session>({ state: "starting" });
const settings = new Value<AccountSettings | null>(null);
let engine: Engine;

async function settled(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) await Promise.resolve();
}

beforeEach(() => {
  browser = new PushesOfBrowser();
  [known, key, permission, asks] = [null, KEY, "default", 0];
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  });
  const Notification = {
    get permission() {
      return permission;
    },
    requestPermission: () => {
      asks += 1;
      if (permission === "default") permission = "granted";
      return Promise.resolve(permission);
    },
  };
  vi.stubGlobal("Notification", Notification);
  vi.stubGlobal("window", { isSecureContext: true, PushManager: PushesOfBrowser, Notification });
  vi.stubGlobal("navigator", {
    locks: { request: (_name: string, work: () => unknown) => Promise.resolve(work()) },
    serviceWorker: { ready: Promise.resolve({ pushManager: browser }) },
  });
  session.set({ state: "in", me: { id: ME }, device: "7" } as Session);
  settings.set({ push_preview: "" } as unknown as AccountSettings);
  engine = {
    session,
    settings,
    pushKinds: () => Promise.resolve({ web: key === null ? null : { key } }),
    pushSubscription: () => Promise.resolve(known),
    subscribePush: (wish: WebSubscription) => {
      known = wish;
      return Promise.resolve();
    },
    unsubscribePush: () => {
      known = null;
      return Promise.resolve();
    },
    pushGone,
  } as unknown as Engine;
});

afterEach(() => {
  vi.unstubAllGlobals();
});

it("asks, subscribes and tells the server, when the person turns it on", async () => {
  expect(await standing(engine)).toBe("off");
  expect(asks).toBe(0);
  expect(await turnOn(engine)).toBe("on");
  expect(asks).toBe(1);
  expect(known).toEqual({ endpoint: "https://push.example/1", p256dh: "p", auth: "a", key: KEY });
  expect(wanted()).toBe(ME);
  expect(await standing(engine)).toBe("on");
});

it("takes it back from the browser and the server", async () => {
  await turnOn(engine);
  await turnOff(engine);
  expect([browser.held, known, wanted()]).toEqual([null, null, null]);
  expect(await standing(engine)).toBe("off");
});

it("says why it cannot be", async () => {
  key = null;
  expect(await turnOn(engine)).toBe("none");
  key = KEY;
  browser.works = false;
  expect(await turnOn(engine)).toBe("unanswered");
  expect(wanted()).toBeNull();
  permission = "denied";
  expect(await standing(engine)).toBe("refused");
  vi.stubGlobal("window", { isSecureContext: true });
  expect(await standing(engine)).toBe("unsupported");
  vi.stubGlobal("window", { isSecureContext: false });
  expect(await standing(engine)).toBe("insecure");
  expect(known).toBeNull();
});

it("asks a server for nothing that it does not know", async () => {
  settings.set({ direct_from: "everyone" } as AccountSettings);
  engine.pushKinds = () => Promise.reject(new Error("asked"));
  expect(await standing(engine)).toBe("none");
});

it("subscribes anew when the server has lost the subscription, or another key", async () => {
  await turnOn(engine);
  known = null;
  gone();
  await settled();
  expect(known).toMatchObject({ endpoint: "https://push.example/2" });
  key = OTHER;
  gone();
  await settled();
  expect(known).toMatchObject({ endpoint: "https://push.example/3" });
  gone();
  await settled();
  expect(browser.made).toBe(3);
});

it("is kept at the next beginning, and of the same account only", async () => {
  want(ME);
  permission = "granted";
  session.set({ state: "in", me: { id: "2" }, device: "8" } as Session);
  keepPush(engine);
  await settled();
  expect(known).toBeNull();
  session.set({ state: "in", me: { id: ME }, device: "9" } as Session);
  await settled();
  expect(known).not.toBeNull();
});

it("goes from the server when the browser was told to refuse meanwhile", async () => {
  await turnOn(engine);
  permission = "denied";
  gone();
  await settled();
  expect(known).toBeNull();
});

it("ends with the log-in, and is wanted again only where that ended by itself", async () => {
  await turnOn(engine);
  session.set({ state: "out", why: "revoked", name: "anna" });
  await settled();
  expect([browser.held, wanted()]).toEqual([null, ME]);
  session.set({ state: "in", me: { id: ME }, device: "8" } as Session);
  await settled();
  expect(browser.held).not.toBeNull();
  session.set({ state: "out", why: null, name: null });
  await settled();
  expect([browser.held, wanted()]).toEqual([null, null]);
});
