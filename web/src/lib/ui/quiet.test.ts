import { describe, expect, it } from "vitest";
import type { QuietHours } from "@chinwag/client";
import { clockIn, isQuiet, zones } from "./quiet.js";

const NIGHT: QuietHours = { from: "22:00", to: "07:00", zone: "Europe/Berlin", mentions: true, direct: false };
const NOON: QuietHours = { ...NIGHT, from: "12:00", to: "13:30" };
const OTHER = { direct: false, mention: false };

/** A moment by the clocks of Berlin in winter. */
const at = (clock: string): number => Date.parse(`2026-01-15T${clock}:00+01:00`);

describe("quiet hours", () => {
  it.each([
    ["21:59", false],
    ["22:00", true],
    ["23:59", true],
    ["00:00", true],
    ["06:59", true],
    ["07:00", false],
    ["12:30", false],
  ])("over midnight hold at %s: %s", (clock, held) => {
    expect(isQuiet(NIGHT, at(clock), OTHER)).toBe(held);
  });

  it.each([
    ["11:59", false],
    ["12:00", true],
    ["13:29", true],
    ["13:30", false],
  ])("within a day hold at %s: %s", (clock, held) => {
    expect(isQuiet(NOON, at(clock), OTHER)).toBe(held);
  });

  it("go by the clocks of their zone, also in summer", () => {
    const summer = Date.parse("2026-07-15T20:30:00Z");
    expect(clockIn("Europe/Berlin", summer)).toBe("22:30");
    expect(isQuiet(NIGHT, summer, OTHER)).toBe(true);
    expect(isQuiet({ ...NIGHT, zone: "UTC" }, summer, OTHER)).toBe(false);
  });

  it("let pass what the person wants to hear of nevertheless", () => {
    const night = at("23:00");
    expect(isQuiet(NIGHT, night, { direct: false, mention: true })).toBe(false);
    expect(isQuiet(NIGHT, night, { direct: true, mention: false })).toBe(true);
    expect(isQuiet({ ...NIGHT, direct: true }, night, { direct: true, mention: false })).toBe(false);
    expect(isQuiet({ ...NIGHT, mentions: false }, night, { direct: false, mention: true })).toBe(true);
  });

  it("are none where nobody set them, or by no clock", () => {
    expect(isQuiet(null, at("23:00"), OTHER)).toBe(false);
    expect(isQuiet({ ...NIGHT, zone: "Nowhere/At_All" }, at("23:00"), OTHER)).toBe(false);
    expect(isQuiet({ ...NIGHT, to: "22:00" }, at("23:00"), OTHER)).toBe(false);
  });

  it("may be by any zone, one that this browser does not list among them", () => {
    expect(zones("Mars/Olympus")).toContain("Mars/Olympus");
    expect(zones("UTC")).toContain("Europe/Berlin");
  });
});
