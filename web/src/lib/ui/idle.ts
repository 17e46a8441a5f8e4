/** Work that can wait until nothing else is to be done. */

/** Within so many milliseconds it is done all the same. */
const AT_LATEST = 200;

/** Do it soon, after what is drawn now is seen. Returns what takes it back. */
export function whenIdle(work: () => void): () => void {
  // Safari has no such thing, also as a tab of its own.
  if (typeof requestIdleCallback === "undefined") {
    const timer = setTimeout(work, AT_LATEST / 4);
    return () => {
      clearTimeout(timer);
    };
  }
  const asked = requestIdleCallback(work, { timeout: AT_LATEST });
  return () => {
    cancelIdleCallback(asked);
  };
}
