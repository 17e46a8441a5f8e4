/** How many unread messages wait, where a person sees it without looking at the page: title, icon, the app's badge. */
import { words } from "../words/words.js";

/** More than these nobody counts. */
const MOST = 999;
let shown = 0;

/** A count where there is little room. */
export function counted(n: number): string {
  return n > MOST ? `${MOST}+` : String(n);
}

/** Show the count of unread messages; 0 shows none. `mentions`: those of them that speak to the person. */
export function show(unread: number, mentions: number): void {
  const n = counted(unread);
  const count = mentions > 0 ? words("tab.mentions", { n, mine: counted(mentions) }) : n;
  document.title = unread > 0 ? `(${count}) Chinwag` : "Chinwag";
  if (unread > 0 !== shown > 0) {
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (icon !== null) icon.href = unread > 0 ? "/logo-unread.svg" : "/logo.svg";
  }
  shown = unread;
  if ("setAppBadge" in navigator) {
    const told = unread > 0 ? navigator.setAppBadge(unread) : navigator.clearAppBadge();
    told.catch(() => undefined); // where the app is not installed
  }
}
