/**
 * The service worker: it keeps the app's shell, so that the app starts with the server away. It never touches what the
 * server says: nothing below /v1/ is kept or answered here. And it shows what is pushed while no window is open.
 */
/// <reference lib="webworker" />
import { renew } from "./push/subscription.js";
import { clicked, pushed } from "./push/tray.js";

declare const self: ServiceWorkerGlobalScope;

/** Written in by the build (build/shell.ts): a hash over all files of the shell, and their addresses. */
declare const __SHELL__: { version: string; files: string[] };
const shell = __SHELL__;
const CACHE = `shell-${shell.version}`;

/** What a page tells its worker. */
type FromPage = { type: "activate" } | { type: "version" };

self.addEventListener("install", (event) => {
  // Past the HTTP cache, so that files of two versions are never kept as one; but for those whose name says what is in
  // them, which the page has loaded just now. The page is asked for by name: a program that asks for an address of the
  // app without it is told that there is nothing.
  const asked = (file: string): Request =>
    new Request(file, {
      cache: file.startsWith("/assets/") ? "default" : "reload",
      mode: "same-origin",
      ...(file === "/" ? { headers: { accept: "text/html" } } : {}),
    });
  const whole = caches.open(CACHE).then((cache) => cache.addAll(shell.files.map(asked)));
  event.waitUntil(whole);
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const old = (await caches.keys()).filter((name) => name.startsWith("shell-") && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin || url.pathname.startsWith("/v1/")) return;
  // Every address of the app is the same page; a file of the shell is answered from it, the rest goes to the server.
  const key = event.request.mode === "navigate" && isPage(url.pathname) ? "/" : url.pathname;
  if (shell.files.includes(key)) event.respondWith(kept(key, event.request));
});

async function kept(key: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(key)) ?? fetch(request);
}

/** Whether an address is one of the app's own: what looks like a file, or is the server's, is not. */
function isPage(path: string): boolean {
  return /^\/(c\/[^/]+(\/\d+)?|files\/[^/]+|people|groups|join|you|search(\/.*)?|settings(\/.*)?)?$/.test(path);
}

self.addEventListener("message", (event) => {
  const said = event.data as FromPage;
  if (said.type === "version") event.ports[0]?.postMessage(shell.version);
  // A new version waits until the person says so: a reload under one's hands loses one's place.
  if (said.type === "activate") void self.skipWaiting();
});

self.addEventListener("push", (event) => {
  event.waitUntil(pushed(self, event.data?.text() ?? ""));
});

self.addEventListener("notificationclick", (event) => {
  const { reply } = event as NotificationEvent & { reply?: string | null };
  event.waitUntil(clicked(self, event.notification, event.action, reply ?? null));
});

self.addEventListener("pushsubscriptionchange", (event) => {
  const change = event as ExtendableEvent & { newSubscription?: PushSubscription | null };
  // Without a network it is made up for when a window of the app is opened.
  change.waitUntil(renew(self.registration.pushManager, change.newSubscription ?? null).catch(() => undefined));
});
