/** What a person has chosen on this device: kept in the browser, and no secret. */
import { writable, type Writable } from "svelte/store";

export type Theme = "system" | "light" | "dark";
export type Enter = "send" | "line";
export type Opening = "unread" | "newest";
export type Preview = "text" | "name";
/** Whether notifications were asked for: not yet, put off, or answered. */
export type Asked = "no" | "later" | "yes";

export const theme = kept<Theme>("theme", ["system", "light", "dark"], "system", (chosen) => {
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
});
export const enter = kept<Enter>("enter", ["send", "line"], "send");
export const opening = kept<Opening>("opening", ["unread", "newest"], "unread");
export const preview = kept<Preview>("preview", ["text", "name"], "text");
export const asked = kept<Asked>("asked", ["no", "later", "yes"], "no");
export const language = kept<string>("language", ["en", "en-XA", "ar-XB"], "en");

function kept<T extends string>(
  name: string,
  allowed: readonly T[],
  first: T,
  apply?: (value: T) => void,
): Writable<T> {
  const key = `chinwag.${name}`;
  let value = first;
  try {
    const stored = localStorage.getItem(key) as T | null;
    if (stored !== null && allowed.includes(stored)) value = stored;
  } catch {
    // no storage: the choice holds for this visit
  }
  const store = writable(value);
  let begun = false;
  store.subscribe((chosen) => {
    apply?.(chosen);
    if (!begun) {
      begun = true;
      return;
    }
    try {
      localStorage.setItem(key, chosen);
    } catch {
      // as above
    }
  });
  return store;
}
