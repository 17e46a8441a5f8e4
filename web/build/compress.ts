/** Compressed copies of the built files, so that the server compresses nothing while it serves. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** How much zlib holds before it begins a new block: which is best depends on the file. */
const MEMORY_LEVELS = [6, 7, 8, 9];

const COMPRESSIBLE = /\.(html|js|css|svg|webmanifest|txt)$/;

/** Writes `.br` and `.gz` beside every text file of the build, with the greatest effort. */
export function compress(): Plugin {
  let folder = "";
  return {
    name: "chinwag:compress",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle() {
      for (const path of files(folder).filter((name) => COMPRESSIBLE.test(name))) {
        const bytes = readFileSync(path);
        writeFileSync(`${path}.gz`, smallest(bytes));
        writeFileSync(
          `${path}.br`,
          brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
        );
      }
    },
  };
}

function smallest(bytes: Buffer): Buffer {
  return MEMORY_LEVELS.map((memLevel) => gzipSync(bytes, { level: 9, memLevel })).reduce((best, one) =>
    one.length < best.length ? one : best,
  );
}

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
