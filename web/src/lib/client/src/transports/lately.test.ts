import { expect, it } from "vitest";
import { Http } from "../http.js";
import { lately } from "./lately.js";
import type { End, Listener, Open, Start, Transport } from "./transport.js";

const START: Start = { http: new Http(""), token: "", cursor: null, client: "", stored: () => Promise.resolve() };

function listening(): { listener: Listener; ended: End[] } {
  const ended: End[] = [];
  const listener = { frame: () => undefined, heard: () => undefined, ended: (end: End) => ended.push(end) };
  return { listener, ended };
}

it("is the way that was fetched", async () => {
  const { listener, ended } = listening();
  const said: string[] = [];
  const open: Open = (_start, heard): Transport => ({
    writable: true,
    say: (frame) => said.push(frame.type),
    close: (code) => {
      heard.ended({ code, after: 0 });
    },
  });
  const way = lately(() => Promise.resolve(open))(START, listener);
  way.say({ type: "ping" });
  expect(way.writable).toBe(false);
  await Promise.resolve();
  expect(way.writable).toBe(true);
  way.say({ type: "ping" });
  way.close("over");
  expect(said).toEqual(["ping"]);
  expect(ended).toEqual([{ code: "over", after: 0 }]);
});

it("ends once when it is closed before it was fetched, and nothing is opened then", async () => {
  const { listener, ended } = listening();
  let opened = 0;
  const open: Open = () => {
    opened += 1;
    return { writable: true, say: () => undefined, close: () => undefined };
  };
  const way = lately(() => Promise.resolve(open))(START, listener);
  way.close("over");
  way.close("again");
  await Promise.resolve();
  expect(opened).toBe(0);
  expect(ended).toEqual([{ code: "over", after: 0 }]);
});

it("is one that nobody answers on when it cannot be fetched", async () => {
  const { listener, ended } = listening();
  lately(() => Promise.reject(new Error("away")))(START, listener);
  await new Promise((resolve) => setTimeout(resolve));
  expect(ended).toEqual([{ code: "unreachable", after: 0 }]);
});
