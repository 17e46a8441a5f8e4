import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Connection, type Owner, type Standing } from "./connection.js";
import type { Cursor } from "./cursor.js";
import type { EventFrame } from "./generated/chinwag.js";
import { Http } from "./http.js";
import type { End, Listener, Start, Transport, TransportName } from "./transports/transport.js";
import { welcomeAt } from "./transports/welcome.js";

/** One way, as a network lets it through or not. */
class FakeWay {
  readonly name: TransportName;
  /** null: nothing is ever heard. An end: it ends so. Else it is welcomed. */
  fate: End | "open" | null = "open";
  readonly begun: { start: Start; listener: Listener; ended: boolean }[] = [];

  constructor(name: TransportName) {
    this.name = name;
  }

  open = (start: Start, listener: Listener): Transport => {
    const one = { start, listener, ended: false };
    this.begun.push(one);
    const finish = (end: End): void => {
      if (one.ended) return;
      one.ended = true;
      listener.ended(end);
    };
    const { fate } = this;
    if (fate === "open") {
      setTimeout(() => {
        if (!one.ended) listener.frame(welcomeAt(start.cursor ?? "1.0"));
      }, 10);
    } else if (fate !== null)
      setTimeout(() => {
        finish(fate);
      }, 10);
    return {
      say: () => {
        setTimeout(() => {
          listener.heard();
        }, 1);
      },
      writable: true,
      close: (code) => {
        finish({ code, after: 0 });
      },
    };
  };

  /** The session that is on. */
  get on(): Listener {
    const one = this.begun.at(-1);
    if (one === undefined || one.ended) throw new Error(`no ${this.name}`);
    return one.listener;
  }
}

class Notes implements Owner {
  readonly standings: Standing[] = [];
  readonly positions: number[] = [];
  outBy: string | null = null;
  gones = 0;
  safe: Cursor | null = { epoch: 1, position: 0 };

  cursor = (): Promise<Cursor | null> => Promise.resolve(this.safe);
  stored = (): Promise<void> => Promise.resolve();
  welcome = (): void => undefined;
  event = (at: Cursor): void => {
    this.positions.push(at.position);
  };
  reset = (): void => undefined;
  ack = (): void => undefined;
  refused = (): void => undefined;
  signal = (): void => undefined;
  other = (): void => undefined;
  gone = (): void => {
    this.gones += 1;
  };
  standing = (standing: Standing): void => {
    this.standings.push(standing);
  };
  out = (code: string): void => {
    this.outBy = code;
  };

  get now(): string {
    const { state, transport } = this.standings.at(-1) ?? { state: "none", transport: null };
    return transport === null ? state : `${state} by ${transport}`;
  }
}

const CLOSED: End = { code: "disconnected", after: 0 };
const AWAY: End = { code: "unreachable", after: 0 };

function event(position: number): EventFrame {
  return { type: "event", position, event: { kind: "unknown" } as unknown as EventFrame["event"] };
}

describe("a connection", () => {
  const socket = new FakeWay("socket");
  let stream = new FakeWay("stream");
  let poll = new FakeWay("poll");
  let notes = new Notes();
  let connection: Connection;
  let renewed = 0;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"] });
    socket.begun.length = 0;
    socket.fate = "open";
    stream = new FakeWay("stream");
    poll = new FakeWay("poll");
    notes = new Notes();
    renewed = 0;
    const tokens = {
      access: () => Promise.resolve("token"),
      renew: () => {
        renewed += 1;
        return Promise.resolve("another");
      },
    };
    connection = new Connection(new Http(""), tokens, notes, "test", [socket, stream, poll]);
  });
  afterEach(() => {
    connection.close();
    vi.useRealTimers();
  });

  async function after(milliseconds: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(milliseconds);
  }

  it("goes down at once where a way is refused", async () => {
    socket.fate = stream.fate = CLOSED;
    void connection.run();
    await after(100);
    expect(notes.now).toBe("online by poll");
    expect(notes.standings.map((one) => one.state)).toEqual(["connecting", "online"]);
  });

  it("waits three seconds for each way that swallows all", async () => {
    socket.fate = stream.fate = null;
    void connection.run();
    await after(5_900);
    expect(notes.now).toBe("connecting");
    await after(200);
    expect(notes.now).toBe("online by poll");
  });

  it("stays online by a lower way while the higher ones are looked for in vain", async () => {
    socket.fate = stream.fate = null;
    void connection.run();
    await after(7_000);
    notes.standings.length = 0;
    await after(30 * 60_000);
    expect(socket.begun.length).toBeGreaterThan(3);
    expect(socket.begun.length).toBeLessThan(12);
    expect(notes.standings).toEqual([]);
    expect(poll.begun).toHaveLength(1);
    expect(connection.online).toBe(true);
  });

  it("changes over to a better way without a gap and without telling anything twice", async () => {
    socket.fate = stream.fate = CLOSED;
    void connection.run();
    await after(100);
    poll.on.frame(event(1));
    socket.fate = null;
    await after(15_000);
    expect(socket.begun).toHaveLength(2);
    // What is safe lags behind what was told; the new session begins there.
    expect(socket.begun[1]?.start.cursor).toBe("1.0");
    poll.on.frame(event(2));
    socket.on.frame(welcomeAt("1.0"));
    expect(notes.now).toBe("online by socket");
    expect(notes.gones).toBe(1);
    for (const position of [1, 2, 3]) socket.on.frame(event(position));
    expect(notes.positions).toEqual([1, 2, 3]);
    expect(poll.begun[0]?.ended).toBe(true);
    expect(notes.standings.map((one) => one.state)).toEqual(["connecting", "online", "online"]);
  });

  it("takes a way that comes late for the better one that it is", async () => {
    socket.fate = null;
    void connection.run();
    await after(3_500);
    expect(notes.now).toBe("online by stream");
    socket.on.frame(welcomeAt("1.0"));
    expect(notes.now).toBe("online by socket");
    expect(stream.begun[0]?.ended).toBe(true);
  });

  it("goes on with the way that worked last, and looks for the better ones beside it", async () => {
    socket.fate = null;
    void connection.run();
    await after(3_500);
    stream.begun[0]?.listener.ended(CLOSED);
    await after(1_000);
    expect(notes.now).toBe("online by stream");
    expect(stream.begun).toHaveLength(2);
    connection.nudge();
    await after(0);
    expect(socket.begun).toHaveLength(1);
    socket.fate = "open";
    await after(2_000);
    connection.nudge();
    await after(100);
    expect(notes.now).toBe("online by socket");
  });

  it("is offline where no way leads anywhere, and tries all again", async () => {
    socket.fate = CLOSED;
    stream.fate = poll.fate = AWAY;
    void connection.run();
    await after(100);
    expect(notes.standings.map((one) => one.state)).toContain("offline");
    socket.fate = "open";
    await after(40_000);
    expect(notes.now).toBe("online by socket");
  });

  it("tries at once when the network may be back, in the middle of a try that hears nothing", async () => {
    socket.fate = stream.fate = poll.fate = null;
    void connection.run();
    await after(2_500);
    socket.fate = "open";
    connection.nudge();
    await after(20);
    expect(notes.now).toBe("online by socket");
  });

  it("stays away for as long as the server asks, whatever hints that the network is back", async () => {
    void connection.run();
    await after(100);
    socket.begun[0]?.listener.ended({ code: "drain", after: 20 });
    for (let second = 0; second < 19; second += 1) {
      await after(1_000);
      connection.nudge();
      expect(notes.now).toBe("offline");
    }
    expect(socket.begun).toHaveLength(1);
    await after(1_100);
    expect(notes.now).toBe("online by socket");
  });

  it("renews a token that is not taken, and ends when the device is logged out", async () => {
    socket.fate = { code: "token_expired", after: 0 };
    void connection.run();
    await after(20);
    expect(renewed).toBe(1);
    expect(stream.begun).toHaveLength(0);
    socket.fate = { code: "revoked", after: 0 };
    await after(1_000);
    expect(notes.outBy).toBe("revoked");
  });
});
