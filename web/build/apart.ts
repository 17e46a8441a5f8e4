/** A program of its own within the build: what it shares with the app it gets a copy of, in its one file. */
import type { Plugin } from "vite";

const MARK = "?apart";

/**
 * Gives all that `entry` imports, near or far, ids of their own, so that nothing of it is put into a file that the app
 * needs too. A service worker is one classic script, and cannot import.
 */
export function apart(entry: string): Plugin {
  return {
    name: "chinwag:apart",
    enforce: "pre",
    async resolveId(source, importer) {
      if (importer === undefined || (importer !== entry && !importer.endsWith(MARK))) return null;
      const from = importer.endsWith(MARK) ? importer.slice(0, -MARK.length) : importer;
      const found = await this.resolve(source, from, { skipSelf: true });
      return found === null || found.external ? found : { ...found, id: found.id + MARK };
    },
  };
}
