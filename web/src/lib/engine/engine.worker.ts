/** The worker of a page: everything that is not drawn. */
import { Candidate } from "./candidate.js";
import type { ToWorker } from "./messages.js";

const candidate = new Candidate((message) => {
  self.postMessage(message);
}, navigator.locks);

self.onmessage = (event: MessageEvent<ToWorker>) => {
  candidate.hear(event.data);
};
