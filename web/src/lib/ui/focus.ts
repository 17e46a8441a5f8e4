/**
 * The focus is never lost. What has it may go away under it: a dialog, a toast, a banner, a row, a pane that a phone's
 * window does not show any more, a button that rests while it works. Then the browser puts it nowhere, and whoever works
 * by keyboard or screen reader begins again at the top. It goes back to what had it before; if nothing of that is left, to
 * the heading of the screen.
 */

const REMEMBERED = 20;

/** Watch over the focus until the returned function is called. */
export function keepFocus(): () => void {
  /** What had the focus, the latest last. */
  let had: HTMLElement[] = [];
  /** The person let go of it: a click beside everything, a phone's "Done". */
  let released = true;
  /** The last one could not keep it, though it can have it again. */
  let taken = false;
  let frame = 0;

  function came(event: FocusEvent): void {
    if (!(event.target instanceof HTMLElement)) return;
    had = [...had.filter((one) => one !== event.target && one.isConnected), event.target].slice(-REMEMBERED);
    released = taken = false;
  }
  function check(): void {
    frame = 0;
    if (released || (document.activeElement !== null && document.activeElement !== document.body)) return;
    const last = had.at(-1);
    if (last === undefined || (usable(last) && !taken)) {
      released = true;
      return;
    }
    had = had.filter((one) => one.isConnected);
    const place = had.findLast((one) => usable(one) && !opensKeyboard(one)) ?? beginning();
    place?.focus({ preventScroll: true });
  }
  function later(): void {
    if (frame === 0) frame = requestAnimationFrame(check);
  }
  const changes = new MutationObserver((records) => {
    taken ||= records.some((one) => one.type === "attributes" && one.target === had.at(-1));
    later();
  });

  document.addEventListener("focusin", came);
  document.addEventListener("focusout", later);
  changes.observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  return () => {
    document.removeEventListener("focusin", came);
    document.removeEventListener("focusout", later);
    changes.disconnect();
    cancelAnimationFrame(frame);
  };
}

function usable(element: HTMLElement): boolean {
  const front = [...document.querySelectorAll<HTMLDialogElement>("dialog:modal")].at(-1);
  return (
    element.isConnected &&
    !element.matches(":disabled") &&
    element.checkVisibility({ visibilityProperty: true }) &&
    (front === undefined || front.contains(element))
  );
}

/** A field that gets the focus unasked would put a keyboard over half of a phone's screen. */
function opensKeyboard(element: HTMLElement): boolean {
  return matchMedia("(pointer: coarse)").matches && element.matches("input, textarea");
}

/** Where a screen begins. */
function beginning(): HTMLElement | undefined {
  const found = [...document.querySelectorAll<HTMLElement>("dialog:modal h2, main h1, [role=main] h1")].find(usable);
  if (found !== undefined) found.tabIndex = -1;
  return found;
}
