// A tus server for tests: npm's @tus/server on loopback, with its files in the folder that is named.
// It writes its address as the first line, and ends with its standard input.
//
//   node server.js FOLDER
import http from 'node:http';

import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const tus = new Server({ path: '/v1/media', datastore: new FileStore({ directory: process.argv[2] }) });
const server = http.createServer((request, response) => tus.handle(request, response));
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ address: `http://127.0.0.1:${server.address().port}` }));
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
