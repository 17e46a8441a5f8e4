import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: { "@chinwag/client": here("./src/lib/client/src/index.ts"), $lib: here("./src/lib") },
  },
  test: {
    include: ["src/**/*.test.ts", "build/**/*.test.ts"],
    environment: "node",
    // What only calculates may be slow where much else runs, and is not wrong for that. A test that hangs still ends.
    testTimeout: 240_000,
    // Nor is what only waits: within a second much else may have had its turn.
    expect: { poll: { timeout: 60_000 } },
  },
});
