/** Frames on a WebSocket. */
import type { ByeFrame, ClientFrame, ServerFrame } from "../generated/chinwag.js";
import type { End, Listener, Open, Start, Transport } from "./transport.js";

/** Bytes that may wait in the socket's own buffer before no more is given to it. */
const BUFFERED = 1 << 20;

/** `url`: the server's; empty: the page's own origin. */
function address(url: string): string {
  const whole = url === "" ? location.origin : url;
  return `ws${whole.slice("http".length)}/v1/socket`;
}

export const openSocket: Open = (start, listener) => new Socket(start, listener);

class Socket implements Transport {
  private readonly socket: WebSocket;
  private readonly listener: Listener;
  private end: End | null = null;

  constructor(start: Start, listener: Listener) {
    this.listener = listener;
    this.socket = new WebSocket(address(start.http.url));
    this.socket.onopen = () => {
      const { token, cursor, client } = start;
      this.write({ type: "hello", token, cursor, client, features: ["follow"] });
    };
    this.socket.onmessage = (message) => {
      if (this.end === null) this.take(message.data);
    };
    this.socket.onclose = () => {
      this.finish({ code: "disconnected", after: 0 });
    };
  }

  get writable(): boolean {
    return this.socket.readyState === WebSocket.OPEN && this.socket.bufferedAmount < BUFFERED;
  }

  say(frame: ClientFrame): void {
    this.write(frame);
  }

  close(code: string): void {
    this.finish({ code, after: 0 });
  }

  private write(frame: ClientFrame): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private take(data: unknown): void {
    if (typeof data !== "string") return;
    this.listener.heard();
    const frame = parsed(data);
    if (frame === null) return;
    if (frame.type === "bye") this.finish(endOf(frame));
    else this.listener.frame(frame);
  }

  private finish(end: End): void {
    if (this.end !== null) return;
    this.end = end;
    this.socket.close();
    this.listener.ended(end);
  }
}

/** A frame; null for what is none: a newer server may say things of which nothing is known. */
export function parsed(data: string): ServerFrame | null {
  try {
    const frame: unknown = JSON.parse(data);
    return typeof frame === "object" && frame !== null && "type" in frame ? (frame as ServerFrame) : null;
  } catch {
    return null;
  }
}

export function endOf(bye: ByeFrame): End {
  return { code: bye.code, after: bye.reconnect_after ?? 0 };
}
