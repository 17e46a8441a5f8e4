/** What an account has chosen about pushes. */
import type { AccountSettings } from "@chinwag/client";

export type PushSettings = Pick<AccountSettings, "push_preview" | "quiet_hours">;

/** Null: nothing is known of them, or the server is older than they are. */
export function pushSettings(settings: AccountSettings | null): PushSettings | null {
  return settings !== null && "push_preview" in settings ? settings : null;
}
