/** Pictures of accounts and groups, with the session: a page itself has no token. Fetched with the first one. */
import { type Http, Unreachable } from "@chinwag/client";

/** Milliseconds until one counts as lost. */
const LOST = 30_000;
/** A picture of 512 pixels is far smaller. */
const BYTES = 4 << 20;
/** Seconds that the server waits for its workshop, and how often it is asked. */
const WAIT = 20;
const ASKED = 6;

/** The picture at an address. Fails as requests do. */
export async function avatarAt(http: Http, path: string): Promise<Blob> {
  const answer = await http.answer("GET", path, { signal: AbortSignal.timeout(LOST) });
  const blob = await answer.blob().catch((error: unknown) => {
    throw new Unreachable("a picture broke off", { cause: error });
  });
  if (blob.size > BYTES || !blob.type.startsWith("image/")) throw new Unreachable("that is no picture");
  return blob;
}

/** Put a picture on the server, and wait until it is ready; its upload's id. Fails as requests do. */
export async function uploaded(http: Http, file: Blob, name: string): Promise<string> {
  const headers = { "content-type": "application/octet-stream" };
  const wish = { raw: file, headers, once: true, timeout: 4 * LOST };
  const path = `/v1/media?as=picture&name=${encodeURIComponent(name)}`;
  let upload = await http.ask<{ id: string; state: string }>("POST", path, wish);
  for (let asked = 0; upload.state !== "ready" && asked < ASKED; asked += 1) {
    upload = await http.ask("GET", `/v1/media/${encodeURIComponent(upload.id)}?wait=${WAIT}`, { timeout: 2 * LOST });
  }
  if (upload.state !== "ready") throw new Unreachable("the picture is not ready yet");
  return upload.id;
}
