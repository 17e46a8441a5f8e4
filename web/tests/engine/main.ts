/** A page with the engine and nothing else: tests in a browser drive it. It is no part of the app. */
import { startEngine } from "../../src/lib/engine/start.js";

declare global {
  var engine: ReturnType<typeof startEngine>;
}

globalThis.engine = startEngine();
