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
  const engine = new TabEngine(thisBrowser(worker));
  // `serviceWorker` is missing on an address that is not secure.
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (container !== undefined && import.meta.env.PROD) void installApp(container, scripts, engine);
  return engine;
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
