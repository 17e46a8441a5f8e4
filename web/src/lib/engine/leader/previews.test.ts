import { ApiError, type DeletedEvent, Http } from "@chinwag/client";
import { describe, expect, it } from "vitest";
import type { PreviewRecord } from "../store/records.js";
import { Meanwhile } from "./meanwhile.js";
import { Previews } from "./previews.js";

function parts(answer: () => Promise<Response>) {
  const asked: string[] = [];
  const kept: PreviewRecord[] = [];
  const since: number[] = [];
  const meanwhile = new Meanwhile();
  const http = new Http("", (input) => {
    asked.push(input as string);
    return answer();
  });
  const previews = new Previews({
    http,
    since: (conversation) => meanwhile.since(conversation),
    keep: (preview, changes) => {
      kept.push(preview);
      since.push([...changes].length);
      return Promise.resolve(true);
    },
  });
  return { asked, kept, since, meanwhile, previews };
}

const picture = (): Response => new Response("x", { headers: { "content-type": "image/webp" } });
const wanted = (number: number) => ({ conversation: "c~1", number, size: "320" as const });

describe("previews", () => {
  it("are fetched once, however many ask at once, and kept by whose they are", async () => {
    const { asked, kept, previews } = parts(() => Promise.resolve(picture()));
    await Promise.all([previews.at(wanted(7)), previews.at(wanted(7)), previews.at({ ...wanted(7), size: "1280" })]);
    expect(asked).toEqual([
      "/v1/conversations/c~1/messages/7/media/320",
      "/v1/conversations/c~1/messages/7/media/1280",
    ]);
    expect(kept.map((one) => [one.number, one.size])).toEqual([
      [7, "320"],
      [7, "1280"],
    ]);
  });

  it("are four at once at most", async () => {
    let open = 0;
    let most = 0;
    const { previews } = parts(async () => {
      open += 1;
      most = Math.max(most, open);
      await Promise.resolve();
      open -= 1;
      return picture();
    });
    await Promise.all(Array.from({ length: 30 }, (_, n) => previews.at(wanted(n + 1))));
    expect(most).toBe(4);
  });

  it("tell whoever keeps them of a deletion that came meanwhile", async () => {
    const deletion: DeletedEvent = {
      ...{ kind: "deleted", conversation: "c~1", number: 9, ordinal: 7, from: "2", device: "d", id: "i" },
      ...{ sent_at: 1, shown: 7, target: 7 },
    };
    const made = parts(() => {
      made.meanwhile.came(deletion);
      return Promise.resolve(picture());
    });
    await made.previews.at(wanted(7));
    expect(made.since).toEqual([1]);
  });

  it("are pictures, and nothing is kept of an answer that is none", async () => {
    const page = new Response("<b>", { headers: { "content-type": "text/html" } });
    const { kept, previews } = parts(() => Promise.resolve(page));
    await previews.at(wanted(7));
    expect(kept).toEqual([]);
  });

  it("fail as the server refuses, and may be asked for again", async () => {
    const refusals = [true];
    const { kept, previews } = parts(() => {
      const headers = { "content-type": "application/problem+json" };
      const refusal = new Response(JSON.stringify({ code: "no_message", retryable: false }), { status: 404, headers });
      return Promise.resolve(refusals.pop() ? refusal : picture());
    });
    await expect(previews.at(wanted(7))).rejects.toBeInstanceOf(ApiError);
    await previews.at(wanted(7));
    expect(kept).toHaveLength(1);
  });
});
