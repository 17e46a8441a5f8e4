import { describe, expect, it } from "vitest";
import { arrival, bindingOf, keep, type Shelf } from "./trip.js";

const NOW = 1_700_000_000_000;
const ERRAND = { to: "logIn", provider: "staff", label: "The company", invitation: "" } as const;

class Kept implements Shelf {
  readonly all = new Map<string, string>();
  getItem(key: string): string | null {
    return this.all.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.all.set(key, value);
  }
  removeItem(key: string): void {
    this.all.delete(key);
  }
}

describe("a trip to a provider", () => {
  it("gives the server the digest of a secret, and the secret to the tab alone", async () => {
    const shelf = new Kept();
    const { secret } = keep(shelf, ERRAND, "/", NOW);
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    // of RFC 7636, appendix B
    const digest = await bindingOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    expect(digest).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    expect(keep(shelf, ERRAND, "/", NOW).secret).not.toBe(secret);
  });

  it("ends with what came back, and leaves nothing in the tab", () => {
    const shelf = new Kept();
    const trip = keep(shelf, ERRAND, "/join#code", NOW);
    expect(arrival("#openid_code=c-1", shelf, NOW + 1)).toEqual({ trip, code: "c-1" });
    expect(shelf.all.size).toBe(0);
    expect(arrival("#openid_code=c-1", shelf, NOW + 2)).toEqual({ refused: "openid_state", trip: null });
  });

  it("takes a code from nobody who did not set out here", () => {
    expect(arrival("#openid_code=of-somebody-else", new Kept(), NOW)).toEqual({ refused: "openid_state", trip: null });
  });

  it("knows no trip that is older than ten minutes", () => {
    const shelf = new Kept();
    keep(shelf, ERRAND, "/", NOW);
    expect(arrival("#openid_code=c", shelf, NOW + 600_000)).toEqual({ refused: "openid_state", trip: null });
    expect(shelf.all.size).toBe(0);
  });

  it("brings the code of a refusal, which beats a code that stands beside it", () => {
    const shelf = new Kept();
    const trip = keep(shelf, ERRAND, "/", NOW);
    const hash = "#openid_error=openid_failed&openid_detail=the+provider+says+access_denied&openid_code=c";
    expect(arrival(hash, shelf, NOW)).toEqual({ refused: "openid_failed", trip });
    expect(shelf.all.size).toBe(0);
  });

  it("leaves other addresses as they are", () => {
    const shelf = new Kept();
    keep(shelf, ERRAND, "/", NOW);
    for (const hash of ["", "#", "#abc", "#openid_codes=x"]) expect(arrival(hash, shelf, NOW)).toBeNull();
    expect(shelf.all.size).toBe(1);
  });
});
