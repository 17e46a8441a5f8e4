/** A way to be connected with a server: frames out, frames in, and its end. */
import type { ClientFrame, ServerFrame } from "../generated/chinwag.js";
import type { Http } from "../http.js";

export type TransportName = "socket" | "stream" | "poll";

/** Why a session ended. `after`: seconds that the server wants one to stay away. */
export interface End {
  code: string;
  after: number;
}

/** Who listens. After `ended`, which is called once, nothing more comes. */
export interface Listener {
  /** A frame, in order. A stream and polls tell what a socket would. */
  frame(frame: ServerFrame): void;
  /** A sign of life. */
  heard(): void;
  ended(end: End): void;
}

export interface Transport {
  /** Say something. What can't be said any more is lost, as on any network. */
  say(frame: ClientFrame): void;
  /** Whether more may be said now without piling up. */
  readonly writable: boolean;
  /** End it. `ended` is told with `code`. */
  close(code: string): void;
}

export interface Start {
  http: Http;
  /** The access token, for `hello`. */
  token: string;
  /** null: begin at the inbox's head. */
  cursor: string | null;
  client: string;
  /** Until all that was told is safe on this device. */
  stored(): Promise<void>;
}

export type Open = (start: Start, listener: Listener) => Transport;
