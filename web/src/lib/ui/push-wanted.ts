/** For which account pushes were turned on in this browser: kept in it until that account logs out. */
import type { Engine } from "../engine/api.js";

const KEY = "chinwag.push";

/** The account; null: none. */
export function wanted(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function want(account: string | null): void {
  try {
    if (account === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, account);
  } catch {
    // no storage: then there are no pushes either
  }
}

/** Keep pushes as they were turned on (`push.ts`, which is fetched when there are any). */
export function keepPushLater(engine: Engine): () => void {
  let asked = false;
  return engine.session.subscribe(({ state }) => {
    if (asked || state === "starting" || wanted() === null) return;
    asked = true;
    import("./push.js").then(
      ({ keepPush }) => {
        keepPush(engine);
      },
      () => (asked = false),
    );
  });
}
