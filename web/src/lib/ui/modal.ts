/** What lies in front of the page: while it is open nothing else has the focus, and then whatever had it before has it. */
import { composing } from "./keys.js";

const FIELDS = "input:not([readonly], [type=checkbox], [type=radio]), textarea";

/**
 * Open a dialog. Escape asks at once to close it, also from a field that would first be emptied by it. Returns what is to
 * be called when the dialog has gone.
 */
export function modal(dialog: HTMLDialogElement, onclose: () => void): () => void {
  const before = document.activeElement;
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || composing(event)) return;
    event.preventDefault();
    event.stopPropagation();
    onclose();
  });
  dialog.showModal();
  // What is to be filled in comes first; where a keyboard would cover it, the person asks for that.
  if (matchMedia("(pointer: fine)").matches) dialog.querySelector<HTMLElement>(FIELDS)?.focus();
  return () => {
    dialog.close();
    const wanted = next;
    next = null;
    // Whoever has closed it may have gone on already; and if what had the focus has gone, it goes to what had it earlier
    // (focus.ts).
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (wanted !== null) wanted.focus({ preventScroll: true });
    else if (lost && before instanceof HTMLElement) before.focus({ preventScroll: true });
  };
}

/** What takes the focus once nothing lies in front of it. */
let next: HTMLElement | null = null;

/** Put the focus on something of the page: at once, or when the dialog that led to it has gone. */
export function takeFocus(element: HTMLElement): void {
  if (document.querySelector("dialog:modal") === null) element.focus({ preventScroll: true });
  else next = element;
}

/**
 * What opens beside the page: whoever opened it by its button goes on at its heading. That it closes, and that the focus
 * goes back then, is no business of its own (focus.ts).
 */
export function beside(element: HTMLElement): void {
  const heading = element.querySelector<HTMLElement>("h2");
  if (heading === null || document.activeElement?.getAttribute("aria-expanded") !== "true") return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
