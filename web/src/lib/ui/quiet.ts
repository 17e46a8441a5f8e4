/** Quiet hours: when an account is told of nothing, as the server does it for what it pushes. Pure. */
import type { QuietHours } from "@chinwag/client";

/** Whether somebody is to be left alone at a moment, in milliseconds since 1970. */
export function isQuiet(
  hours: QuietHours | null,
  moment: number,
  { direct, mention }: { direct: boolean; mention: boolean },
): boolean {
  if (hours === null || (direct && hours.direct === true) || (mention && hours.mentions !== false)) return false;
  const now = clockIn(hours.zone, moment);
  const { from, to } = hours;
  if (now === null || from === to) return false;
  return from < to ? from <= now && now < to : now >= from || now < to;
}

/** The clock of a time zone: "07:05"; null: there is no such zone here. */
export function clockIn(zone: string, moment: number): string | null {
  try {
    const options = { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    return new Intl.DateTimeFormat("en-GB", options).format(moment);
  } catch {
    return null;
  }
}

/** The time zone of this device. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** All zones that the browser knows, this device's among them; at least that one. */
export function zones(chosen: string): string[] {
  const known = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
  return [...new Set([...known, ownZone(), chosen, "UTC"])].sort();
}
