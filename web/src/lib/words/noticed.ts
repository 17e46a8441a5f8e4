/** What notifications say: apart from the rest, as the service worker says them too and needs no others. */
export const NOTICED = {
  "news.app": "Chinwag",
  "news.new": "New message",
  "news.in": "{who} in {group}",
  "news.some": "You have new messages.",
  "news.unread": { one: "{n} unread message", other: "{n} unread messages" },
  "news.test": "This is how Chinwag tells you of messages.",
  "news.read": "All read",
  "news.reply": "Answer",
  "news.answer": "Your answer",
  "news.waits": "Your answer is kept. It goes out when you open Chinwag.",
  "news.unkept": "Your answer was not kept:",
  "news.refused": "Your answer was not sent. Open Chinwag to see why.",
} as const;

export type Noticed = keyof typeof NOTICED;

/** A sentence of these, with its values. */
export function noticed(key: Noticed, values: Readonly<Record<string, string | number>> = {}): string {
  const sentence = NOTICED[key];
  const form = typeof sentence === "string" ? sentence : values["n"] === 1 ? sentence.one : sentence.other;
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
