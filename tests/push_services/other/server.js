// A receiver of Web Push for tests: npm's web-push-testing, on loopback at a port that the system gives.
// It writes its address as the first line, and ends with its standard input.
import http from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { PushApiModel } = require('web-push-testing/src/PushApiModel.js');
const WebPushTestingServer = require('web-push-testing/src/server.js');

const model = new PushApiModel();
const receiver = new WebPushTestingServer(model, 0);
receiver.setRequestHandlers();
const server = http.createServer(receiver._app);
server.listen(0, '127.0.0.1', () => {
  const address = `http://127.0.0.1:${server.address().port}`;
  model.notifyUrl = `${address}/notify/`;
  console.log(JSON.stringify({ address }));
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
