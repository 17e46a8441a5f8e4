/** Chinwag's protocol, version 1: what a client must know, as functions, and the ways to a server. */
export type * from "./generated/chinwag.js";
export * from "./backoff.js";
export * from "./events.js";
export * from "./kept.js";
export type { Member } from "./member.js";
export * from "./outbox.js";
export * from "./own.js";
export * from "./ranges.js";
export * from "./ranking.js";
export * from "./reads.js";
export * from "./send-state.js";
export * from "./connection.js";
export * from "./cursor.js";
export * from "./http.js";
export * from "./pages.js";
export * from "./problem.js";
export * from "./tokens.js";
export type { TransportName } from "./transports/transport.js";
