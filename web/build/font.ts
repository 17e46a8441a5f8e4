/** The font of the first view, asked for with the page: else it waits until the styles and the first text are there. */
import type { Plugin } from "vite";

const FONT = /figtree-latin-wght-normal-[^/]*\.woff2$/;

export function fontFirst(): Plugin {
  return {
    name: "chinwag:font-first",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        if (bundle === undefined) return [];
        const name = Object.keys(bundle).find((one) => FONT.test(one));
        if (name === undefined) throw new Error("the font of the first view is not in the build");
        // Fonts are fetched without credentials: one that is fetched in another way is fetched twice.
        const attrs = { rel: "preload", as: "font", type: "font/woff2", href: `/${name}`, crossorigin: true };
        return [{ tag: "link", attrs, injectTo: "head-prepend" }];
      },
    },
  };
}
