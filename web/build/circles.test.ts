import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SOURCES = fileURLToPath(new URL("../src/", import.meta.url));
const IMPORT = /^\s*(?:import|export)\s(?:[^"';]*?\sfrom\s)?"(\.{1,2}\/[^"]+|\$lib\/[^"]+|@chinwag\/client)"/gm;

/** What a file of ours imports of ours, types too: whoever reads the one must have understood the other. */
function imports(file: string, text: string): string[] {
  return [...text.matchAll(IMPORT)].map(([, name = ""]) => {
    if (name === "@chinwag/client") return "lib/client/src/index.ts";
    const path = name.startsWith("$lib/") ? `lib/${name.slice(5)}` : join(dirname(file), name);
    return normalize(path.replace(/\?.*$/, "").replace(/\.js$/, ".ts"));
  });
}

/** The circles that are closed by whoever is reached from `files` in order, each once. */
function circles(files: ReadonlyMap<string, string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, above: readonly string[]): void => {
    const at = above.indexOf(file);
    if (at !== -1) found.push([...above.slice(at), file].join(" > "));
    if (at !== -1 || done.has(file)) return;
    for (const next of files.get(file) ?? []) visit(next, [...above, file]);
    done.add(file);
  };
  for (const file of files.keys()) visit(file, []);
  return found;
}

describe("imports", () => {
  const names = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter(
    (name) => /\.(ts|svelte)$/.test(name) && !/\.test\.ts$|generated\/|node_modules\/|dist\//.test(name),
  );
  const files = new Map(names.map((name) => [name, imports(name, readFileSync(join(SOURCES, name), "utf8"))]));

  it("are seen", () => {
    expect(names.length).toBeGreaterThan(100);
    expect(files.get("lib/engine/start.ts")).toContain("lib/engine/tab/engine.ts");
    expect(files.get("App.svelte")).toContain("lib/engine/api.ts");
    expect(circles(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]]))).toEqual(["b > c > b"]); // prettier-ignore
  });

  it("form no circle", () => {
    expect(circles(files)).toEqual([]);
  });
});
