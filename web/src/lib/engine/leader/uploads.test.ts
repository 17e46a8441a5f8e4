import { beforeEach, describe, expect, it, vi } from "vitest";
import { bytes, type UploadServer, uploadServer } from "../../client/src/uploading.test-support.js";
import type { UploadState } from "../api.js";
import type { CarriedMedia, OutboxRecord } from "../store/records.js";
import { Uploads } from "./uploads.js";

/** Milliseconds after which a wait fails the test. Nothing is decided by them. */
const PATIENCE = 60_000;

const SIZE = 700_000;

let server: UploadServer;
let lines: Map<string, OutboxRecord>;
let ready: string[];
let refused: [string, string][];
let told: [string, UploadState][];
let uploads: Uploads;

function line(order: number): OutboxRecord {
  const id = `l${order}`;
  const media: CarriedMedia = {
    ...{ name: `${id}.bin`, media_type: "application/octet-stream", size: SIZE, as: "file" },
    ...{ upload: null, ready: false, paused: false },
  };
  const frame = { type: "send", id, conversation: "c", body: { type: "media" } } as unknown as OutboxRecord["frame"];
  const common = { id, conversation: "c", device: "d", frame, at: 1, since: 0, refused: null, placed: null };
  const made = { ...common, order, media };
  lines.set(id, made);
  return made;
}

function begin(breaksAt: readonly number[] = [], size = SIZE): void {
  server = uploadServer(size, breaksAt);
  uploads = new Uploads({
    http: server.http,
    file: (id) => Promise.resolve(lines.has(id) ? { id, file: new Blob([bytes(size)]) } : null),
    keep: ({ id }, change) => {
      const held = lines.get(id);
      if (held?.media === undefined) return Promise.resolve(null);
      const next = { ...held, media: { ...held.media, ...change } };
      lines.set(id, next);
      return Promise.resolve(next);
    },
    ready: ({ id }) => ready.push(id),
    refused: ({ id }, code) => {
      refused.push([id, code]);
      return Promise.resolve();
    },
    told: (id, state) => told.push([id, state]),
    failed: (error) => {
      throw error;
    },
  });
}

beforeEach(() => {
  lines = new Map();
  ready = [];
  refused = [];
  told = [];
});

const posts = (): number => server.asked.filter((one) => one.method === "POST").length;

describe("uploads", () => {
  it("go on where the server is after each break, and say how far they are", async () => {
    begin([1_000, 300_000]);
    uploads.take(line(1));
    await vi.waitFor(() => {
      expect(ready).toEqual(["l1"]);
    }, 20_000);
    expect(posts()).toBe(1);
    expect(server.kept).toEqual(bytes(SIZE));
    expect(lines.get("l1")?.media).toMatchObject({ ready: true, upload: "u 1" });
    const sent = told.flatMap(([, state]) => (state.state === "sending" ? [state.sent] : []));
    expect(sent).toEqual([...sent].sort((a, b) => a - b));
  });

  it("look again when the server has more than they think, and begin anew when it knows them no longer", async () => {
    begin();
    server.refuses.push({ method: "PATCH", code: "bad_media" }, { method: "GET", code: "no_upload" });
    uploads.take(line(1));
    await vi.waitFor(() => {
      expect(ready).toEqual(["l1"]);
    }, 20_000);
    expect(posts()).toBe(2);
    expect(server.kept).toEqual(bytes(SIZE));
  });

  it.each(["media_too_large", "quota", "storage_full"])("end with %s, said once", async (code) => {
    begin();
    server.refuses.push({ method: "POST", code });
    uploads.take(line(1));
    await vi.waitFor(() => {
      expect(refused).toEqual([["l1", code]]);
    }, PATIENCE);
    expect(posts()).toBe(1);
    expect(ready).toEqual([]);
  });

  it("hold back a picture that tells still where it was taken, and send it as a file when they are asked again", async () => {
    begin();
    const one = line(1);
    uploads.take({ ...one, media: { ...(one.media as CarriedMedia), as: "picture" } });
    await vi.waitFor(() => {
      expect(refused).toEqual([["l1", "not_bare"]]);
    }, PATIENCE);
    expect(ready).toEqual([]);
    expect(lines.get("l1")?.media).toMatchObject({ as: "file", ready: false });
  });

  it("let a picture go of which nothing is left but the picture", async () => {
    begin();
    server.makes({ bare: true });
    const one = line(1);
    uploads.take({ ...one, media: { ...(one.media as CarriedMedia), as: "picture" } });
    await vi.waitFor(() => {
      expect(ready).toEqual(["l1"]);
    }, PATIENCE);
    expect(refused).toEqual([]);
  });

  it("do not begin anew for ever", async () => {
    begin();
    const gone = { method: "PATCH", code: "no_upload" };
    server.refuses.push(...Array.from({ length: 20 }, () => gone));
    uploads.take(line(1));
    await vi.waitFor(() => {
      expect(refused).toEqual([["l1", "no_upload"]]);
    }, 30_000);
    expect(posts()).toBe(4);
  });

  it("wait while the server cannot", async () => {
    begin();
    server.refuses.push({ method: "POST", code: "unavailable", retryable: true });
    uploads.take(line(1));
    await vi.waitFor(() => {
      expect(ready).toEqual(["l1"]);
    }, 20_000);
    expect(refused).toEqual([]);
  });

  it("are two at once, those first that were written first", async () => {
    begin([], 0);
    for (const order of [3, 1, 2]) uploads.take(line(order));
    await vi.waitFor(() => {
      expect([...ready].sort()).toEqual(["l1", "l2", "l3"]);
    }, PATIENCE);
    // two were begun before the third was known
    expect(ready.at(-1)).toBe("l2");
  });

  it("stop when they are dropped, and go on when they are taken again", async () => {
    begin([300_000]);
    const one = line(1);
    uploads.take(one);
    await vi.waitFor(() => {
      expect(server.received()).toBeGreaterThan(0);
    }, PATIENCE);
    uploads.drop("l1");
    uploads.take(lines.get("l1") ?? one);
    await vi.waitFor(() => {
      expect(ready).toEqual(["l1"]);
    }, 20_000);
    expect(posts()).toBe(1);
    expect(server.kept).toEqual(bytes(SIZE));
  });

  it("of a line that is gone end without a word", async () => {
    begin();
    const one = line(1);
    lines.delete("l1");
    uploads.take(one);
    await vi.waitFor(() => {
      expect(told).toHaveLength(1);
    }, PATIENCE);
    expect([ready, refused]).toEqual([[], []]);
  });
});
