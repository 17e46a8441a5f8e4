/** Failures as screens hear of them, and as they travel between tabs. */
import { ApiError, LoggedOut, Unreachable } from "@chinwag/client";
import type { Failure } from "./api.js";
import type { PlainFailure } from "./messages.js";
import { NoRoom, OutboxFull } from "./store/personal.js";

export class EngineFailure extends Error implements Failure {
  override readonly name = "Failure";
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfter: number | null;
  readonly detail: string;

  constructor(plain: PlainFailure) {
    super(plain.message === "" ? plain.code : plain.message);
    this.code = plain.code;
    this.retryable = plain.retryable;
    this.retryAfter = plain.retryAfter;
    this.detail = plain.message;
  }
}

/** What any error means to a person: the catalogue's code, or one of the engine's own. */
export function plainly(error: unknown): PlainFailure {
  if (error instanceof EngineFailure) {
    const { code, detail, retryable, retryAfter } = error;
    return { code, message: detail, retryable, retryAfter };
  }
  if (error instanceof ApiError) {
    const { code, message, retryable, retryAfter } = error;
    return { code, message, retryable, retryAfter };
  }
  if (error instanceof LoggedOut) return own("logged_out", false);
  if (error instanceof Unreachable) return own("unreachable", true);
  if (error instanceof OutboxFull) return own("outbox_full", true);
  if (error instanceof NoRoom) return own("no_room", true);
  return own("storage", true);
}

export function failed(error: unknown): EngineFailure {
  return new EngineFailure(plainly(error));
}

/** Do `work`; whatever goes wrong in it comes as a `Failure`, as all that screens await must. */
export async function orFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failed(error);
  }
}

function own(code: string, retryable: boolean): PlainFailure {
  return { code, message: "", retryable, retryAfter: null };
}
