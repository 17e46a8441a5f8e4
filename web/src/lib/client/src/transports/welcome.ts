/** What a socket's `welcome` says, for ways on which the server says it in other words. */
import { cursorOf } from "../cursor.js";
import type { WelcomeFrame } from "../generated/chinwag.js";

/** Seconds between two heartbeats of a device without a socket (docs/transports.md). */
const HEARTBEAT = 5;

/** HTTP names no session, tells no limits, and its clock in each answer's head. `events`: how many lie before the cursor and are still to be told. */
export function welcomeAt(cursor: string, events = 0): WelcomeFrame {
  const { epoch, position } = cursorOf(cursor);
  const limits = { text_characters: 0, group_members: 0, frame_bytes: 0 };
  const nobody = { session: "", account: "", device: "" };
  return {
    type: "welcome",
    ...nobody,
    epoch,
    position: position - events,
    heartbeat: HEARTBEAT,
    limits,
    version: 1,
    now: 0,
  };
}
