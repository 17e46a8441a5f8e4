/** Chinwag's protocol, version 1: what a client must know, as functions, and the ways to a server. */
export type * from "./generated/chinwag.js";
export * from "./events.js";
export type { Member } from "./member.js";
