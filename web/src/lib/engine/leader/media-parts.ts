/** What the leading engine gives to whoever moves media. */
import type { Http } from "@chinwag/client";
import type { UploadState } from "../api.js";
import type { AccountDatabase } from "../store/database.js";
import type { EngineStore } from "../store/engine-store.js";
import type { Meanwhile } from "./meanwhile.js";

export interface MediaParts {
  http: Http;
  database: AccountDatabase;
  store: EngineStore;
  meanwhile: Meanwhile;
  told(line: string, state: UploadState): void;
  /** Lines are others now. */
  lines(): void;
  failed(error: unknown): void;
}
