/** One sprite of the icons that the app uses, taken from lucide at build and put into the page. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Plugin } from "vite";
import { ICONS } from "../src/lib/icons.js";

const PLACE = "<!-- icons -->";

/**
 * Puts `<symbol id="i-NAME">` for every name of `src/lib/icons.ts` where the page says `<!-- icons -->`: there they
 * are drawn with the first paint, and cost no request. The build fails on a name that lucide does not have.
 */
export function icons(): Plugin {
  return {
    name: "chinwag:icons",
    transformIndexHtml(html) {
      if (!html.includes(PLACE)) throw new Error(`index.html has no ${PLACE}`);
      return html.replace(PLACE, sprite(ICONS));
    },
  };
}

function sprite(names: readonly string[]): string {
  const symbols = names.map((name) => `<symbol id="i-${name}" viewBox="0 0 24 24">${drawing(name)}</symbol>`);
  return `<svg hidden aria-hidden="true" width="0" height="0">${symbols.join("")}</svg>`;
}

function drawing(name: string): string {
  const path = createRequire(import.meta.url).resolve(`lucide-static/icons/${name}.svg`);
  const inner = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(readFileSync(path, "utf8"))?.[1];
  if (inner === undefined) throw new Error(`${path} is not an icon`);
  return inner.replace(/\s*\n\s*/g, "").trim();
}
