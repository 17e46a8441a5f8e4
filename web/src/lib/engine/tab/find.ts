/** Conversations and people by a few letters, from what is kept on this device. */
import { ranked } from "@chinwag/client";
import type { Found, Person } from "../api.js";
import type { Account } from "./account.js";

/** At most `limit`, the best first. */
export function find(account: Account, query: string, limit: number): Found[] {
  const rows = account.rows.now;
  const partners = new Set(rows.map((row) => row.other));
  const people = [...account.people.now.values()].filter(
    (one) => !partners.has(one.id) && one.id !== account.me && !one.closed,
  );
  const words = (one: Person | undefined): string[] => (one === undefined ? [] : [one.display_name, one.name]);
  const candidates = [
    ...rows.map((row) => ({
      kind: "conversation" as const,
      unread: row.unread,
      at: row.at,
      words: row.other === null ? [row.title] : words(account.people.now.get(row.other)),
      row,
    })),
    ...(query.trim() === "" ? [] : people).map((person) => ({
      kind: "person" as const,
      unread: 0,
      at: 0,
      words: words(person),
      person,
    })),
  ];
  return ranked(candidates, query, limit).map((one) =>
    one.kind === "conversation" ? { kind: one.kind, row: one.row } : { kind: one.kind, person: one.person },
  );
}
