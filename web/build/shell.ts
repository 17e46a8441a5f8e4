/** What the service worker keeps: the app's shell, by name and version. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";

const MARK = "__SHELL__";
/** Compressed copies are the server's business; the worker is never kept by itself. */
const LEFT_OUT = /(\.map|\.br|\.gz|^sw\.js)$/;

/**
 * Writes into `sw.js`, in place of `__SHELL__`, the files that make the app and a version of them all together. What
 * only some pages load (fonts of further scripts) is left to the browser's own cache.
 */
export function shell(): Plugin {
  return {
    name: "chinwag:shell",
    enforce: "post",
    generateBundle(_options, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") return;
      const files = Object.keys(bundle).filter((name) => !LEFT_OUT.test(name) && !name.includes("latin-ext"));
      const digest = createHash("sha256");
      for (const name of files.sort()) {
        const part = bundle[name];
        if (part) digest.update(name).update(part.type === "chunk" ? part.code : part.source);
      }
      const still = stillFiles();
      for (const name of still) digest.update(name).update(readFileSync(new URL(`../public/${name}`, import.meta.url)));
      const addresses = ["/", ...files.filter((name) => name !== "index.html"), ...still].map((name) =>
        name.startsWith("/") ? name : `/${name}`,
      );
      if (!worker.code.includes(MARK)) this.error(`sw.js has no ${MARK}`);
      worker.code = worker.code.replace(
        MARK,
        JSON.stringify({ version: digest.digest("hex").slice(0, 16), files: addresses }),
      );
    },
  };
}

/** Large icons are for whoever installs the app: the browser fetches them then, and a first visit need not. */
function stillFiles(): string[] {
  const names = readdirSync(new URL("../public/", import.meta.url));
  return names.filter((name) => !name.startsWith(".") && !/-512\.png$/.test(name));
}
