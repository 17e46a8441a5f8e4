// Uploads a file by tus: breaks off after some bytes, goes on from there as another one would, and says what came of it.
// Words: the server's address of uploads, the token, the file, what it is sent as, bytes after which it breaks off.
import { createReadStream, statSync } from "node:fs";
import { basename } from "node:path";
import { Upload } from "tus-js-client";

const [endpoint, token, path, as, breaks] = process.argv.slice(2);
const common = {
  chunkSize: 150_000,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: basename(path), as },
  retryDelays: [0, 100, 1_000],
  uploadSize: statSync(path).size,
};

function begin() {
  return new Promise((done, failed) => {
    const upload = new Upload(createReadStream(path), {
      ...common,
      endpoint,
      onError: failed,
      onSuccess: () => done(upload.url),
      onChunkComplete: (_, received) => {
        if (received >= Number(breaks)) upload.abort(false).then(() => done(upload.url), failed);
      },
    });
    upload.start();
  });
}

function goOn(uploadUrl) {
  return new Promise((done, failed) => {
    const seen = [];
    new Upload(createReadStream(path), {
      ...common,
      uploadUrl,
      onError: failed,
      onSuccess: () => done(seen),
      onChunkComplete: (_, received) => seen.push(received),
    }).start();
  });
}

const url = await begin();
const seen = await goOn(url);
const other = new Upload(createReadStream(path), { ...common, endpoint });
const dropped = await new Promise((done, failed) => {
  other.options.onError = failed;
  other.options.onChunkComplete = () => other.abort(true).then(() => done(other.url), failed);
  other.start();
});
process.stdout.write(`${JSON.stringify({ url, seen, dropped })}\n`);
