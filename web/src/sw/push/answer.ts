/**
 * An answer that was written inside a notification. It goes into the same outbox as every line, so it is kept whatever
 * happens, and is sent by the engine of an open tab; without one, by the service worker itself, under the same id.
 */
import { ApiError, LoggedOut } from "../../lib/client/src/problem.js";
import { randomName } from "../../lib/client/src/tokens.js";
import type { Placed } from "../../lib/client/src/generated/chinwag.js";
import { CHANNEL, join, VERSION } from "../../lib/engine/messages.js";
import { AccountDatabase } from "../../lib/engine/store/database.js";
import { addLine, addMark, lines } from "../../lib/engine/store/personal.js";
import { conversations, event } from "../../lib/engine/store/reading.js";
import type { OutboxRecord } from "../../lib/engine/store/records.js";
import type { SessionRecord } from "../../lib/engine/store/session.js";
import type { Told } from "../../lib/ui/notice.js";
import { serverOf, whoever } from "./session.js";

/** sent: the server has it, or an open tab sends it. waits: it is kept. refused: for good. none: nobody is here. */
export type Answered = "sent" | "waits" | "refused" | "none";

/** Milliseconds in which an engine says that it leads. */
const LEADS = 1_500;
/** Milliseconds until the server counts as silent: a browser gives the worker not much more. */
const TIMEOUT = 10_000;

/** Keep the answer, send it, and mark what it answers as read. Fails as the browser's database does. */
export async function answer(told: Told & { conversation: string }, text: string): Promise<Answered> {
  const session = await whoever();
  if (!session || session.me.id !== told.account) return "none";
  const database = new AccountDatabase(told.account, { slow: () => undefined, outdated: () => undefined });
  try {
    const line = await keep(database, session, told.conversation, text);
    await markRead(database, told);
    if (await led()) return "sent";
    const before = (await lines(database)).filter(
      (one) => one.conversation === line.conversation && one.order < line.order && one.refused === null,
    );
    // What was written before goes out before it, and not without the engine.
    if (before.some((one) => one.placed === null)) return "waits";
    return await send(database, session, line, told.number);
  } finally {
    database.close();
  }
}

async function keep(
  database: AccountDatabase,
  session: SessionRecord,
  conversation: string,
  text: string,
): Promise<OutboxRecord> {
  const [known] = await conversations(database, [conversation]);
  const frame = { type: "send" as const, id: randomName(), conversation, body: { type: "text" as const, text } };
  const { device } = session;
  return addLine(database, { conversation, device, frame, at: Date.now(), since: known?.kept.head ?? 0 });
}

/** As far as what it answers is known here; else the server is told. */
async function markRead(database: AccountDatabase, { conversation, number }: Told): Promise<void> {
  if (conversation === null || number === 0) return;
  const at = await event(database, conversation, number);
  if (at !== null) await addMark(database, { conversation, number, ordinal: at.ordinal });
}

/** Whether an engine leads, in any tab: it is told that there is a line, and a mark. */
async function led(): Promise<boolean> {
  let heard = (): void => undefined;
  const channel = join(
    CHANNEL,
    (message) => {
      if (message.to === "tabs" && message.type === "alive") heard();
    },
    () => undefined,
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const leads = await new Promise<boolean>((resolve) => {
      heard = () => {
        resolve(true);
      };
      timer = setTimeout(resolve, LEADS, false);
      channel.post({ to: "leader", version: VERSION, type: "who" });
    });
    if (!leads) return false;
    channel.post({ to: "leader", version: VERSION, type: "lines" });
    channel.post({ to: "leader", version: VERSION, type: "marks" });
    return true;
  } finally {
    clearTimeout(timer);
    channel.close();
  }
}

async function send(
  database: AccountDatabase,
  session: SessionRecord,
  line: OutboxRecord,
  read: number,
): Promise<Answered> {
  const http = serverOf(session);
  const place = `/v1/conversations/${encodeURIComponent(line.conversation)}`;
  const { frame } = line;
  try {
    const body = "body" in frame ? { body: frame.body } : {};
    const wish = { body, key: line.id, once: true, timeout: TIMEOUT };
    const { number } = await http.ask<Placed>("POST", `${place}/messages`, wish);
    await became(database, line.order, { placed: number });
  } catch (error) {
    if (error instanceof LoggedOut) return "none";
    if (!(error instanceof ApiError) || error.retryable) return "waits";
    await became(database, line.order, { refused: error.code });
    return "refused";
  }
  // An answer stands for having read. A mark that does not arrive is made when the person looks.
  await http
    .ask("POST", `${place}/read`, { body: { number: read }, once: true, timeout: TIMEOUT })
    .catch(() => undefined);
  return "sent";
}

/** What became of a line. One that an engine has dealt with meanwhile stays as that left it. */
async function became(
  database: AccountDatabase,
  order: number,
  now: { placed: number } | { refused: string },
): Promise<void> {
  await database.run(["outbox"], "readwrite", async (tx) => {
    const record = await tx.objectStore("outbox").get(order);
    if (record !== undefined) await tx.objectStore("outbox").put({ ...record, ...now });
  });
}
