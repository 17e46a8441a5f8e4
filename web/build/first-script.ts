/** A script that runs before the first paint, under a policy that allows no inline ones. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const SOURCE = new URL("../src/boot/theme.js", import.meta.url);
const PLACE = "<!-- first script -->";

/** Emits `src/boot/theme.js` as a hashed file, and loads it where the page says so, blocking. */
export function firstScript(): Plugin {
  let serving = false;
  const file = (): { name: string; code: string } => {
    const code = readFileSync(SOURCE, "utf8").replace(/^\s*(\/\*\*?[\s\S]*?\*\/|\/\/.*)\s*$/gm, "");
    return { name: `assets/theme-${createHash("sha256").update(code).digest("base64url").slice(0, 8)}.js`, code };
  };
  return {
    name: "chinwag:first-script",
    configResolved(config) {
      serving = config.command === "serve";
    },
    generateBundle() {
      const { name, code } = file();
      this.emitFile({ type: "asset", fileName: name, source: code });
    },
    transformIndexHtml(html) {
      if (!html.includes(PLACE)) throw new Error(`index.html has no ${PLACE}`);
      return html.replace(PLACE, `<script src="/${serving ? "src/boot/theme.js" : file().name}"></script>`);
    },
  };
}
