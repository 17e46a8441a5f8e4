/** The form of server-sent events (WHATWG HTML, 9.2.6), as Chinwag's server writes it: lines end with LF alone. */

export interface Said {
  /** The cursor after it; null if it named none. */
  id: string | null;
  event: string;
  data: string;
}

/** Characters that one event may have: the longest text, escaped, has room three times. */
const LONGEST = 4 << 20;

/** What comes in `body`, one block at a time; `heard` is called for each piece of the network's. */
export async function* serverSent(body: ReadableStream<Uint8Array>, heard: () => void): AsyncGenerator<Said> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split("\n\n");
      rest = blocks.pop() ?? "";
      if (rest.length > LONGEST) throw new RangeError("an event longer than any");
      for (const block of blocks) yield said(block);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function said(block: string): Said {
  const one: Said = { id: null, event: "", data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") one.id = value;
    else if (field === "event") one.event = value;
    else if (field === "data") one.data = one.data === "" ? value : `${one.data}\n${value}`;
  }
  return one;
}
