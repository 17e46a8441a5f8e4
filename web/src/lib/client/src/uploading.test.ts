import { describe, expect, it } from "vitest";
import type { ApiError } from "./problem.js";
import { Unreachable } from "./problem.js";
import { beginUpload, FIRST_PIECE, LEAST_PIECE, MOST_PIECE, nextPiece, sendPieces } from "./uploading.js";
import { bytes, uploadServer as server } from "./uploading.test-support.js";

const NEVER = new AbortController().signal;

describe("an upload", () => {
  it("is begun with its length and its name in base 64, and known by its place", async () => {
    const { http, asked } = server(5);
    const outline = { name: "Größe, 1.png", media_type: "image/png", size: 5, as: "picture" as const };
    expect(await beginUpload(http, outline, NEVER)).toBe("u 1");
    expect(asked[0]?.headers.get("upload-length")).toBe("5");
    expect(asked[0]?.headers.get("tus-resumable")).toBe("1.0.0");
    const fields = (asked[0]?.headers.get("upload-metadata") ?? "").split(",").map((one) => one.split(" "));
    const utf8 = (value = ""): string =>
      new TextDecoder().decode(Uint8Array.from(atob(value), (one) => one.charCodeAt(0)));
    const read = fields.map(([key, value]): [string, string] => [key ?? "", utf8(value)]);
    expect(Object.fromEntries(read)).toEqual({ filename: "Größe, 1.png", filetype: "image/png", as: "picture" });
  });

  it("goes on where the server is, after each break, and is whole", async () => {
    const size = 3 * FIRST_PIECE + 17;
    const whole = bytes(size);
    const { http, kept, received } = server(size, [100, FIRST_PIECE + 5]);
    const told: number[] = [];
    let breaks = 0;
    while (received() < size) {
      try {
        await sendPieces(http, "u 1", new Blob([whole]), received(), (at) => told.push(at), NEVER);
      } catch (error) {
        expect(error).toBeInstanceOf(Unreachable);
        breaks += 1;
      }
    }
    expect(breaks).toBe(2);
    expect(kept).toEqual(whole);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(size);
  });

  it("says so when the server has another part of it than this browser thinks", async () => {
    const { http } = server(1000);
    const sending = sendPieces(http, "u 1", new Blob([bytes(1000)]), 500, () => undefined, NEVER);
    await expect(sending).rejects.toMatchObject({ code: "bad_media" } satisfies Partial<ApiError>);
  });

  it("has pieces of about a second, within bounds, and not too many of them", () => {
    expect(nextPiece(FIRST_PIECE, 500, 1e8)).toBe(2 * FIRST_PIECE);
    expect(nextPiece(FIRST_PIECE, 1, 1e8)).toBe(4 * FIRST_PIECE);
    expect(nextPiece(MOST_PIECE, 1, 1e9)).toBe(MOST_PIECE);
    expect(nextPiece(FIRST_PIECE, 60_000, 1e6)).toBe(LEAST_PIECE);
    // A server keeps each piece by itself: a film goes up in few, however slow the line is.
    expect(nextPiece(LEAST_PIECE, 60_000, 4e9)).toBeGreaterThan(4e9 / 10_000);
  });
});
