import { describe, expect, it } from "vitest";
import { boxOf, kindOf, voiceName } from "./media.js";

const MOST = { width: 420, height: 420 };
const LEAST = { width: 140, height: 72 };

describe("how media is shown", () => {
  it.each([
    ["picture", { media_type: "image/png", name: "a.png", width: 2, height: 3 }],
    // The server could not look at it: nobody knows what a browser makes of it.
    ["file", { media_type: "image/png", name: "a.png" }],
    ["file", { media_type: "image/heic", name: "a.heic", width: 2, height: 3 }],
    ["file", { media_type: "image/svg+xml", name: "a.svg", width: 2, height: 3 }],
    ["video", { media_type: "video/webm", name: "a.webm" }],
    ["video", { media_type: "video/mp4", name: "voice 1.mp4", width: 2, height: 3 }],
    ["audio", { media_type: "video/webm", name: voiceName(new Date(0), "webm") }],
    ["audio", { media_type: "audio/ogg", name: "a.ogg" }],
    ["file", { media_type: "application/octet-stream", name: "a.mp3" }],
  ] as const)("is as a %s: %o", (kind, media) => {
    expect(kindOf(media)).toBe(kind);
  });

  it("has a box that depends on what the message says alone", () => {
    expect(boxOf({ width: 4000, height: 3000 }, MOST, LEAST)).toEqual({ width: 420, height: 315 });
    expect(boxOf({ width: 3000, height: 4000 }, MOST, LEAST)).toEqual({ width: 315, height: 420 });
    // a small one is not made larger, but for what fingers and words need
    expect(boxOf({ width: 200, height: 100 }, MOST, LEAST)).toEqual({ width: 200, height: 100 });
    expect(boxOf({ width: 1, height: 1 }, MOST, LEAST)).toEqual(LEAST);
    // a strip is cut
    expect(boxOf({ width: 30_000, height: 30 }, MOST, LEAST)).toEqual({ width: 420, height: 72 });
    expect(boxOf({}, MOST, LEAST)).toEqual({ width: 420, height: 236 });
  });
});
