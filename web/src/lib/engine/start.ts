/** Begin the engine of this page, and the service worker beside it. */
import type { Engine } from "./api.js";
import workerAddress from "./engine.worker.ts?worker&url";
import { thisBrowser } from "./tab/browser.js";
import { TabEngine } from "./tab/engine.js";

const SERVICE_WORKER = "/sw.js";

interface Policy {
  createScriptURL(address: string): string;
}

/** Scripts are loaded from these two addresses and no others: the content policy takes what this policy made. */
function policy(): Policy {
  const allowed = [new URL(workerAddress, location.origin).href, new URL(SERVICE_WORKER, location.origin).href];
  const rules = {
    createScriptURL: (address: string): string => {
      if (!allowed.includes(new URL(address, location.origin).href))
        throw new TypeError(`no script of ours: ${address}`);
      return address;
    },
  };
  const types = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } }).trustedTypes;
  return types?.createPolicy("chinwag", rules) ?? rules;
}

/** The engine, once a page. */
export function startEngine(): Engine {
  const scripts = policy();
  const worker = (): Worker => new Worker(scripts.createScriptURL(workerAddress), { type: "module", name: "engine" });
  const engine = new TabEngine(thisBrowser(worker, reload));
  // `serviceWorker` is missing on an address that is not secure.
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (container !== undefined && import.meta.env.PROD) void installApp(container, scripts, engine);
  return engine;
}

/** How long a reload waits for a newer app. */
const NEWER = 3_000;

/** Load the page anew, with the newest app that there is: one that the service worker keeps may be as old as this. */
function reload(): void {
  const load = (): void => {
    location.reload();
  };
  setTimeout(load, NEWER);
  void newer().then((found) => {
    // Its taking over reloads all tabs.
    if (found === null) load();
    else found.postMessage({ type: "activate" });
  }, load);
}

/** A newer app that is ready to take over; null: there is none. */
async function newer(): Promise<ServiceWorker | null> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  const registration = await container?.getRegistration();
  if (registration === undefined) return null;
  await registration.update();
  const { installing, waiting } = registration;
  if (installing === null) return waiting;
  return new Promise((resolve) => {
    installing.addEventListener("statechange", () => {
      resolve(installing.state === "installed" ? installing : null);
    });
  });
}

async function installApp(container: ServiceWorkerContainer, scripts: Policy, engine: TabEngine): Promise<void> {
  const begun = container.controller !== null;
  container.addEventListener("controllerchange", () => {
    // The person took the new version, here or in another tab. The first one ever changes nothing.
    if (begun) location.reload();
  });
  try {
    const registration = await container.register(scripts.createScriptURL(SERVICE_WORKER), { scope: "/" });
    const look = (): void => {
      const { waiting } = registration;
      if (waiting !== null && container.controller !== null) engine.offer(waiting);
    };
    look();
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", look);
    });
  } catch {
    // The app works without it, as long as the server is there.
  }
}
