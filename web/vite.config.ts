import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { apart } from "./build/apart.js";
import { compress } from "./build/compress.js";
import { firstScript } from "./build/first-script.js";
import { fontFirst } from "./build/font.js";
import { icons } from "./build/icons.js";
import { HEADERS } from "./build/policy.js";
import { shell } from "./build/shell.js";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const server = process.env["CHINWAG_SERVER"] ?? "http://127.0.0.1:8420";
const proxy = { "/v1": { target: server, ws: true } };

/** Not what the service worker has apart: its ids end otherwise. */
const SHARED =
  /\/src\/lib\/(words\/(english|words)|ui\/(app|times)|client\/src\/media)\.ts$|disclose-version|rolldown\/runtime/;

export default defineConfig({
  plugins: [apart(here("./src/sw/sw.ts")), svelte(), icons(), firstScript(), fontFirst(), shell(), compress()],
  resolve: {
    alias: { "@chinwag/client": here("./src/lib/client/src/index.ts"), $lib: here("./src/lib") },
  },
  worker: { format: "es" },
  server: { proxy },
  preview: { headers: HEADERS, proxy },
  build: {
    outDir: here("../src/chinwag/web_files"),
    emptyOutDir: true,
    target: ["chrome111", "firefox114", "safari16.4"],
    // No code of ours is written inline, and none of it needs the polyfill, which would be.
    modulePreload: { polyfill: false },
    // A file in a data: address would count against the script that holds it, and needs `data:` in the policy.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: here("./index.html"), sw: here("./src/sw/sw.ts") },
      output: {
        // Its address must not change with its content: the browser looks there for a new version.
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        // What every screen shares comes with a first visit anyhow: in one file, which zips better than six.
        codeSplitting: { groups: [{ name: "shared", test: SHARED }] },
      },
    },
  },
});
