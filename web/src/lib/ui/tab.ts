/** How many unread messages wait, where a person sees it without looking at the page: title, icon, the app's badge. */

let shown = 0;

/** Show the count of unread messages; 0 shows none. */
export function show(unread: number): void {
  document.title = unread > 0 ? `(${unread > 999 ? "999+" : unread}) Chinwag` : "Chinwag";
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
