/** Copying a text. */
import { words } from "../words/words.js";

/** Copy it. Returns what is to be said of that: browsers let pages copy on a secure address only. */
export async function copied(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return words("copied");
  } catch {
    return words("copyByHand");
  }
}
