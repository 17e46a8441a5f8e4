/** Why something could not be done, over HTTP as on a socket. */
import type { ErrorFrame, Problem } from "./generated/chinwag.js";
import type { Refusal } from "./outbox.js";

/** The server refused. `code` is of the catalogue of docs/protocol.md; one that is unknown goes by `retryable`. */
export class ApiError extends Error implements Refusal {
  override readonly name = "ApiError";
  readonly code: string;
  readonly retryable: boolean;
  /** Seconds. */
  readonly retryAfter: number | null;

  constructor(code: string, message: string, retryable: boolean, retryAfter: number | null = null) {
    super(message);
    this.code = code;
    this.retryable = retryable;
    this.retryAfter = retryAfter;
  }
}

/** No answer came: the network is away, or what answered is no Chinwag server. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** The server has ended this device: only a new log-in helps. */
export class LoggedOut extends Error {
  override readonly name = "LoggedOut";
  readonly code: string;

  constructor(code: string) {
    super(`logged out: ${code}`);
    this.code = code;
  }
}

/** Refusals after which only a new log-in helps. */
export const OVER: ReadonlySet<string> = new Set([
  "unauthenticated",
  "revoked",
  "refresh_reused",
  "account_disabled",
  "wrong_login",
  "no_account",
  "no_device",
]);

/** The refusal that a frame tells. */
export function ofFrame(frame: ErrorFrame): ApiError {
  return new ApiError(frame.code, frame.message, frame.retryable ?? false, frame.retry_after ?? null);
}

/** The refusal that an answer tells; `Unreachable` if it is of something that stands before the server. */
export async function ofAnswer(answer: Response): Promise<ApiError | Unreachable> {
  const after = Number(answer.headers.get("retry-after"));
  const retryAfter = Number.isFinite(after) && after > 0 ? after : null;
  if (answer.headers.get("content-type")?.startsWith("application/problem+json")) {
    const problem = (await answer.json()) as Partial<Problem>;
    if (typeof problem.code === "string") {
      const { code, detail, title = "", retryable = false, retry_after } = problem;
      // What is not to be repeated is not said so: `storage_full` has a status that others repeat.
      return new ApiError(code, detail ?? title, retryable, retry_after ?? retryAfter);
    }
  }
  if (retryableStatus(answer.status)) return new ApiError("unavailable", "", true, retryAfter);
  return new Unreachable(`what answered (${answer.status}) is no Chinwag server`);
}

function retryableStatus(status: number): boolean {
  return status === 429 || status >= 500;
}
