/** A way that is fetched when it is needed: most devices never are without a socket. */
import type { Open, Transport } from "./transport.js";

/** The way that `load` gives. One that cannot be fetched is a way that nobody answers on. */
export function lately(load: () => Promise<Open>): Open {
  return (start, listener) => {
    let way: Transport | null = null;
    let over = false;
    const end = (code: string): void => {
      if (over) return;
      over = true;
      listener.ended({ code, after: 0 });
    };
    load().then(
      (open) => {
        if (!over) way = open(start, listener);
      },
      () => {
        end("unreachable");
      },
    );
    return {
      get writable() {
        return way?.writable ?? false;
      },
      say: (frame) => way?.say(frame),
      close: (code) => {
        if (way === null) end(code);
        else way.close(code);
      },
    };
  };
}
