/**
 * Uploads by tus 1.0.0 (https://tus.io/protocols/resumable-upload): begun with a length, sent in pieces, each of which is
 * kept when it is answered, and gone on with after whatever broke off.
 */
import type { Http } from "./http.js";
import type { As, Media } from "./media.js";
import { ApiError, Unreachable } from "./problem.js";

const PATH = "/v1/media";
const TUS = { "tus-resumable": "1.0.0" };

/** Bytes of a piece: the first, the least and the most. */
export const FIRST_PIECE = 256 * 1024;
export const LEAST_PIECE = 64 * 1024;
export const MOST_PIECE = 8 * 1024 * 1024;
/** Pieces of one upload, at most, about: a server keeps each by itself until all are there. */
const PIECES = 5_000;
/** Milliseconds that a piece takes, about: so often progress is told, and so much is lost with a connection. */
const PIECE_TAKES = 1_000;
/** Milliseconds until a piece counts as lost. */
const PIECE_LOST = 60_000;
/** Seconds that the server is asked to wait until it has looked at all, and milliseconds until that counts as unheard. */
const WAIT = 20;
const WAIT_LOST = 30_000;

/** An upload as the server tells it. */
export interface Upload {
  readonly id: string;
  readonly size: number;
  /** Bytes that it has. */
  readonly received: number;
  readonly state: "receiving" | "processing" | "ready";
  readonly media?: Media;
}

/** What is uploaded. */
export interface Outline {
  readonly name: string;
  readonly media_type: string;
  readonly size: number;
  readonly as: As;
}

/** Begin one. Returns its id. Fails as requests do. */
export async function beginUpload(http: Http, outline: Outline, signal: AbortSignal): Promise<string> {
  const { name, media_type, size, as } = outline;
  const metadata = Object.entries({ filename: name, filetype: media_type, as })
    .map(([key, value]) => `${key} ${base64(value)}`)
    .join(",");
  const headers = { ...TUS, "upload-length": String(size), "upload-metadata": metadata };
  const answer = await http.answer("POST", PATH, { headers, signal: bounded(signal, WAIT_LOST) });
  const id = answer.headers.get("location")?.split("/").at(-1) ?? "";
  if (id === "") throw new Unreachable("the answer to an upload names no place for it");
  return decodeURIComponent(id);
}

/** How it stands. `wait`: until the server has looked at all of it, a while long. Fails as requests do. */
export async function uploadOf(http: Http, id: string, signal: AbortSignal, wait = false): Promise<Upload> {
  const path = `${PATH}/${encodeURIComponent(id)}${wait ? `?wait=${WAIT}` : ""}`;
  return http.ask<Upload>("GET", path, { signal, timeout: WAIT_LOST });
}

/** Take it back. */
export async function dropUpload(http: Http, id: string): Promise<void> {
  await http.answer("DELETE", `${PATH}/${encodeURIComponent(id)}`, {
    headers: TUS,
    signal: AbortSignal.timeout(WAIT_LOST),
  });
}

/**
 * Send what the server has not yet, in pieces, and say how much it has after each. Returns when it has all. Fails as
 * requests do, with all told pieces kept.
 */
export async function sendPieces(
  http: Http,
  id: string,
  file: Blob,
  from: number,
  told: (received: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let at = from;
  let piece = FIRST_PIECE;
  while (at < file.size) {
    const began = performance.now();
    const raw = file.slice(at, Math.min(file.size, at + piece));
    const headers = { ...TUS, "upload-offset": String(at), "content-type": "application/offset+octet-stream" };
    const answer = await http.answer("PATCH", `${PATH}/${encodeURIComponent(id)}`, {
      headers,
      raw,
      signal: bounded(signal, PIECE_LOST),
    });
    const next = Number(answer.headers.get("upload-offset"));
    if (!Number.isSafeInteger(next) || next <= at || next > file.size) {
      throw new ApiError("bad_media", "the server has another part of it than was sent", false);
    }
    piece = nextPiece(raw.size, performance.now() - began, file.size);
    at = next;
    told(at);
  }
}

/** The size of the next piece of `whole` bytes, after one of `size` bytes took so many milliseconds. */
export function nextPiece(size: number, took: number, whole: number): number {
  const least = Math.max(LEAST_PIECE, whole / PIECES);
  const wanted = (size * PIECE_TAKES) / Math.max(1, took);
  // No leap: one quick answer says little of a line.
  return Math.round(Math.max(least, Math.min(MOST_PIECE, size * 4, wanted)));
}

function bounded(signal: AbortSignal, milliseconds: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
