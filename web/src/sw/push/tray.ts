/** Pushes, and clicks on what they show. */
import { optionsOf, REPLY, type Told } from "../../lib/ui/notice.js";
import { noticed } from "../../lib/words/noticed.js";
import { answer } from "./answer.js";
import { type Pushed, read } from "./payload.js";
import { plan, type Notice, unknown } from "./plan.js";
import { whoever } from "./session.js";
import { end } from "./subscription.js";
import { looked, open } from "./windows.js";

/** What of its scope the tray needs. */
export interface Scope {
  registration: ServiceWorkerRegistration;
  clients: Clients;
  navigator: { userAgent: string; setAppBadge?(n: number): Promise<void>; clearAppBadge?(): Promise<void> };
}

/** A push came, with this text. */
export async function pushed(scope: Scope, text: string): Promise<void> {
  const { registration, clients } = scope;
  const said = read(text);
  if (said === null) {
    await show(registration, unknown());
    return;
  }
  const session = await whoever();
  // Of somebody who is not here any more nothing is shown, and what was is taken away. Where the browser does not say
  // who is here, the push is believed: the server sends none to a device that has logged out.
  if (session !== undefined && session?.me.id !== said.account) {
    for (const one of await registration.getNotifications()) if (toldOf(one)?.account === said.account) one.close();
    await end(registration.pushManager);
    return;
  }
  await carryOut(scope, said, said.kind === "message" && (await looked(clients, said.account, said.conversation)));
}

async function carryOut({ registration, navigator }: Scope, said: Pushed, isLooked: boolean): Promise<void> {
  const all = await registration.getNotifications();
  const shown = all.map((one) => ({ tag: one.tag, data: toldOf(one) }));
  const { show: notice, close, badge } = plan(said, shown, { looked: isLooked, insists: insists(navigator.userAgent) });
  for (const one of all) if (close.includes(one.tag)) one.close();
  if (notice !== null) await show(registration, notice);
  // Where the app is not installed there is no badge.
  await (badge > 0 ? navigator.setAppBadge?.(badge) : navigator.clearAppBadge?.())?.catch(() => undefined);
}

/** A notification was clicked, or answered: `reply` are the words, null without any. */
export async function clicked(scope: Scope, one: Notification, action: string, reply: string | null): Promise<void> {
  const told = toldOf(one);
  one.close();
  const path = told?.path ?? "/";
  const words = reply?.trim() ?? "";
  const conversation = told?.conversation ?? null;
  if (action !== REPLY || words === "" || told === null || conversation === null) {
    await open(scope.clients, path);
    return;
  }
  const became = await answer({ ...told, conversation }, words).catch(() => "none" as const);
  if (became === "sent") return;
  // The words are not lost from sight: those that could not be kept stand in the notification.
  const body =
    became === "waits"
      ? noticed("news.waits")
      : became === "refused"
        ? noticed("news.refused")
        : `${noticed("news.unkept")} ${words}`;
  await show(scope.registration, { title: one.title, options: optionsOf(told, body, { tag: one.tag, silent: true }) });
}

async function show(registration: ServiceWorkerRegistration, { title, options }: Notice): Promise<void> {
  await registration.showNotification(title, options);
}

function toldOf(one: Notification): Told | null {
  return one.data as Told | null;
}

/** Safari ends a subscription after three pushes for which nothing was shown; others bear some. */
export function insists(agent: string): boolean {
  return /AppleWebKit/.test(agent) && !/Chrome\/|Chromium\/|Android/.test(agent);
}
