/** What a push says (docs/push.md), as this app understands it. */

interface Common {
  account: string;
  /** Unread messages in all conversations, for the app's badge. */
  unread: number;
}

/** A push. message: show it; clear: take away what is shown; summary: several came meanwhile; test: pushes arrive. */
export type Pushed =
  | (Common & {
      kind: "message";
      conversation: string;
      number: number;
      /** What the conversation is called, if it has a name and the person wishes to see it; else empty. */
      title: string;
      sender: string;
      text: string;
    })
  | (Common & { kind: "clear"; conversation: string | null; number: number; also: readonly string[] })
  | (Common & { kind: "summary" })
  | (Common & { kind: "test" });

/** Characters of a text in a notification: more no system shows. */
const SHOWN = 300;
/** Conversations that one push takes back, at most. */
const ALSO = 100;

/** What the bytes of a push say; null: nothing that this app knows. A newer server may say more. */
export function read(text: string): Pushed | null {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof said !== "object" || said === null) return null;
  const { v, kind, ...rest } = said as Record<string, unknown>;
  const account = line(rest["account"]);
  if (v !== 1 || account === "") return null;
  const common = { account, unread: count(rest["unread"]) };
  const conversation = line(rest["conversation"]);
  const number = count(rest["number"]);
  switch (kind) {
    case "message": {
      if (conversation === "" || number === 0) return null;
      const [title, sender, words] = [line(rest["title"]), line(rest["sender"]), line(rest["text"])];
      return { ...common, kind, conversation, number, title, sender, text: words };
    }
    case "clear":
      return {
        ...common,
        kind,
        conversation: conversation === "" ? null : conversation,
        number,
        also: named(rest["also"]),
      };
    case "summary":
    case "test":
      return { ...common, kind };
    default:
      return null;
  }
}

/** The conversations of pairs of a conversation and its tag. */
function named(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value
    .slice(0, ALSO)
    .map((one: unknown) => (Array.isArray(one) ? line(one[0]) : ""))
    .filter((one) => one !== "");
}

function line(value: unknown): string {
  return typeof value === "string" ? value.slice(0, SHOWN) : "";
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
