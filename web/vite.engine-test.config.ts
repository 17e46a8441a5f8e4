/** Builds the page that tests of the engine drive in a browser, under the app's own policy. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { HEADERS } from "./build/policy.js";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const server = process.env["CHINWAG_SERVER"] ?? "http://127.0.0.1:8420";

export default defineConfig({
  root: here("./tests/engine"),
  resolve: { alias: { "@chinwag/client": here("./src/lib/client/src/index.ts"), $lib: here("./src/lib") } },
  // The page is no app: it has no service worker, and must not look for one.
  define: { "import.meta.env.PROD": "false" },
  worker: { format: "es" },
  preview: { headers: HEADERS, proxy: { "/v1": { target: server, ws: true } } },
  build: {
    outDir: here("./dist/engine-test"),
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
});
