import { rgbaToThumbHash } from "thumbhash";
import { describe, expect, it } from "vitest";
import { blurOf } from "./blur.js";
import { chosen, endingOf } from "./chosen.js";
import { lengthWords, sizeWords } from "./sizes.js";
import { mediaLine } from "./summary.js";

describe("media in words", () => {
  it("says how much in the units that people read", () => {
    const sizes = [0, 999, 1_000, 1_500, 999_499, 999_500, 24_300_000, 2_000_000_000].map(sizeWords);
    expect(sizes).toEqual(["0 byte", "999 byte", "1 kB", "1.5 kB", "999 kB", "1 MB", "24 MB", "2 GB"]);
  });

  it("says how long, and nothing of what has no end", () => {
    expect([0, 5, 65, 3_723, Infinity, NaN].map(lengthWords)).toEqual([
      "0:00",
      "0:05",
      "1:05",
      "1:02:03",
      "0:00",
      "0:00",
    ]);
  });

  it("says in one line what a message carries", () => {
    const picture = { media_type: "image/webp", name: "a.webp", width: 1, height: 1 };
    expect(mediaLine(picture)).toBe("Picture");
    expect(mediaLine(picture, "the\nsea")).toBe("Picture: the sea");
    expect(mediaLine({ media_type: "application/pdf", name: "plan.pdf" })).toBe("File: plan.pdf");
    expect(mediaLine({ media_type: "audio/mpeg", name: "song.mp3" })).toBe("File: song.mp3");
    expect(mediaLine({ media_type: "video/webm", name: "voice 2026-11-27 20.00.00.webm" })).toBe("Voice message");
  });
});

describe("what is chosen", () => {
  it("goes as a picture if it is one, and else as it is", () => {
    const of = (type: string, name?: string) =>
      chosen(name === undefined ? new Blob([], { type }) : new File([], name, { type }));
    expect(of("image/jpeg", "sea.jpg")).toMatchObject({ as: "picture", name: "sea.jpg", isImage: true });
    // a script in a picture's clothes is none of them
    expect(of("image/svg+xml", "sea.svg")).toMatchObject({ as: "file", isImage: false });
    expect(of("", "notes")).toMatchObject({ as: "file", name: "notes", media_type: "application/octet-stream" });
    // pasted, without a name
    expect(of("image/png").name).toBe("picture.png");
    expect(of("image/jpeg").name).toBe("picture.jpg");
  });

  it("ends as its type says", () => {
    expect(["audio/webm", "video/quicktime", "application/x-zip", "", "*/*"].map(endingOf)).toEqual([
      "webm",
      "mov",
      "zip",
      "bin",
      "bin",
    ]);
  });
});

describe("a blur", () => {
  it("has the colours of its picture", () => {
    const red = Uint8Array.from({ length: 8 * 4 * 4 }, (_, n) => [220, 20, 20, 255][n % 4] ?? 0);
    const hash = btoa(String.fromCharCode(...rgbaToThumbHash(8, 4, red)));
    const drawn = blurOf(hash);
    expect(drawn).not.toBeNull();
    expect(drawn?.w).toBeGreaterThan(drawn?.h ?? 0);
    expect(drawn?.rgba[0]).toBeGreaterThan(180);
    expect(drawn?.rgba[1]).toBeLessThan(80);
  });

  it("is nothing where there is no hash", () => {
    for (const hash of ["", "%%%", "AA==", "A".repeat(400)]) expect(blurOf(hash)).toBeNull();
  });
});
