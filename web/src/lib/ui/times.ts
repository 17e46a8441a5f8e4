/** Times as people say them. `now` is the server's clock: a device's own may be wrong. All in milliseconds since 1970. */
import { locale, words } from "../words/words.js";

const MINUTE = 60_000;
const DAY = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = locale() + JSON.stringify(options);
  let made = formats.get(name);
  if (made === undefined) formats.set(name, (made = new Intl.DateTimeFormat(locale(), options)));
  return made;
}

/** 10:42 */
export function clock(at: number): string {
  return format({ hour: "2-digit", minute: "2-digit" }).format(at);
}

/** The calendar day of a moment, here: equal numbers are the same day. */
export function dayOf(at: number): number {
  const date = new Date(at);
  return date.getFullYear() * 10_000 + date.getMonth() * 100 + date.getDate();
}

/** Today, Yesterday, Monday, 12 November, 12 November 2025 */
export function dayName(at: number, now: number): string {
  if (dayOf(at) === dayOf(now)) return words("time.today");
  if (dayOf(at) === dayOf(now - DAY)) return words("time.yesterday");
  if (at < now && now - at < 6 * DAY) return format({ weekday: "long" }).format(at);
  const year = new Date(at).getFullYear() === new Date(now).getFullYear();
  return format(year ? { day: "numeric", month: "long" } : { day: "numeric", month: "long", year: "numeric" }).format(
    at,
  );
}

/** In a list: the clock today, the day this week, else the date. */
export function shortly(at: number, now: number): string {
  if (at === 0) return "";
  if (dayOf(at) === dayOf(now)) return clock(at);
  if (dayOf(at) === dayOf(now - DAY)) return words("time.yesterday");
  if (at < now && now - at < 6 * DAY) return format({ weekday: "short" }).format(at);
  const year = new Date(at).getFullYear() === new Date(now).getFullYear();
  return format(year ? { day: "numeric", month: "short" } : { day: "numeric", month: "short", year: "2-digit" }).format(
    at,
  );
}

/** "5 minutes ago", "today at 09:52": how long somebody has not been seen. */
export function ago(at: number, now: number): string {
  if (at === 0) return words("time.never");
  const past = Math.max(0, now - at);
  if (past < MINUTE) return words("time.justNow");
  if (past < 60 * MINUTE) return words("time.minutes", { n: Math.floor(past / MINUTE) });
  if (dayOf(at) === dayOf(now)) return words("time.todayAt", { time: clock(at) });
  if (dayOf(at) === dayOf(now - DAY)) return words("time.yesterdayAt", { time: clock(at) });
  return shortly(at, now);
}

/** A moment in full, for those who ask. */
export function inFull(at: number): string {
  return format({ dateStyle: "full", timeStyle: "medium" }).format(at);
}
