/** What an account has chosen about pushes, out of its settings. */
import type { AccountSettings } from "@chinwag/client";
import type { QuietHours } from "./quiet.js";

/** How much a push says; empty: as the server does by itself, which in browsers is the text. */
export type PushPreview = "" | "none" | "sender" | "text";

export interface PushSettings {
  push_preview: PushPreview;
  quiet_hours: QuietHours | null;
}

/** Null: nothing is known of them, or the server has none. */
export function pushSettings(settings: AccountSettings | null): PushSettings | null {
  const { push_preview, quiet_hours } = (settings ?? {}) as Partial<PushSettings>;
  return push_preview === undefined ? null : { push_preview, quiet_hours: quiet_hours ?? null };
}
