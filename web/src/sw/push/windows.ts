/** The app's windows, as the service worker finds them. */
import type { FromServiceWorker } from "../../lib/ui/worker-says.js";

/** Milliseconds in which a window says what it shows; one that is busy for longer shows nothing that is looked at. */
const PATIENCE = 1_000;

/** All windows of the app. */
export async function windows(clients: Clients): Promise<readonly WindowClient[]> {
  return clients.matchAll({ type: "window", includeUncontrolled: true });
}

/** Whether a window that can be seen has this conversation of this account open. */
export async function looked(clients: Clients, account: string, conversation: string): Promise<boolean> {
  const visible = (await windows(clients)).filter((one) => one.visibilityState === "visible");
  const answers = await Promise.all(visible.map((one) => asked(one, { type: "shows", account, conversation })));
  return answers.includes(true);
}

/** Bring a window to the front and tell it where to go; open one if there is none. */
export async function open(clients: Clients, path: string): Promise<void> {
  const all = await windows(clients);
  const window = all.find((one) => one.visibilityState === "visible") ?? all[0];
  if (window === undefined) {
    await clients.openWindow(path);
    return;
  }
  window.postMessage({ type: "open", path } satisfies FromServiceWorker);
  await window.focus();
}

async function asked(window: WindowClient, question: FromServiceWorker): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const answer = new Promise<boolean>((resolve) => {
    port1.onmessage = (event: MessageEvent<unknown>) => {
      resolve(event.data === true);
    };
    timer = setTimeout(resolve, PATIENCE, false);
  });
  window.postMessage(question, [port2]);
  return answer.finally(() => {
    clearTimeout(timer);
    port1.close();
  });
}
