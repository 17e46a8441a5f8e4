/**
 * Put the protocol's generated types beside the client, where the compiler and the packed package find them.
 *
 * They are made from the server's structs (`make docs`) and kept once, in docs/generated; the copy is never committed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const source = new URL("../../docs/generated/chinwag.ts", import.meta.url);
const copy = new URL("../src/lib/client/src/generated/chinwag.ts", import.meta.url);

mkdirSync(new URL(".", copy), { recursive: true });
const types = readFileSync(source, "utf8");
let held = "";
try {
  held = readFileSync(copy, "utf8");
} catch {
  // the first time
}
if (held !== types) writeFileSync(copy, types);
