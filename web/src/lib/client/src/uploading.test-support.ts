/** For tests: a server of uploads that keeps what it is sent, and breaks off or refuses where it is told to. */
import { Http } from "./http.js";

export interface Refusing {
  readonly method: string;
  readonly code: string;
  readonly retryable?: boolean;
}

export interface UploadServer {
  readonly http: Http;
  readonly kept: Uint8Array<ArrayBuffer>;
  readonly asked: { method: string; path: string; headers: Headers }[];
  /** Each is refused once, in order. */
  readonly refuses: Refusing[];
  readonly received: () => number;
  /** What it says of all that is ready. */
  readonly makes: (found: { bare: boolean }) => void;
}

/** `breaksAt`: bytes at which the connection goes, once each. An upload that is begun anew has nothing. */
export function uploadServer(size: number, breaksAt: readonly number[] = []): UploadServer {
  const kept = new Uint8Array(size);
  const breaks = [...breaksAt];
  const asked: UploadServer["asked"] = [];
  const refuses: Refusing[] = [];
  let received = 0;
  let begun = 0;
  let found = { bare: false };
  const answer = async (method: string, headers: Headers, body: Blob): Promise<Response> => {
    if (refuses[0]?.method === method) {
      const { code, retryable = false } = refuses.shift() as Refusing;
      return problem(code, retryable);
    }
    if (method === "POST") {
      received = 0;
      begun += 1;
      return new Response(null, { status: 201, headers: { location: `/v1/media/u%20${begun}` } });
    }
    if (method === "GET")
      return Response.json({ id: "u", size, received, state: received < size ? "receiving" : "ready", ...found });
    if (method !== "PATCH") return new Response(null, { status: 204 });
    if (Number(headers.get("upload-offset")) !== received) return problem("bad_media", false);
    const bytes = new Uint8Array(await body.arrayBuffer());
    const at = breaks[0] ?? Infinity;
    const some = bytes.slice(0, Math.max(0, at - received));
    kept.set(some, received);
    received += some.length;
    if (some.length < bytes.length) {
      breaks.shift();
      throw new TypeError("the connection went");
    }
    return new Response(null, { status: 204, headers: { "upload-offset": String(received) } });
  };
  const fetcher = (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const method = init.method ?? "GET";
    const headers = new Headers(init.headers);
    asked.push({ method, path: input as string, headers });
    return answer(method, headers, init.body as Blob);
  };
  const makes = (now: typeof found): void => {
    found = now;
  };
  return { http: new Http("", fetcher), kept, asked, refuses, received: () => received, makes };
}

function problem(code: string, retryable: boolean): Response {
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify({ code, retryable, detail: "" }), { status: retryable ? 503 : 409, headers });
}

/** So many bytes, of which no two parts are alike. */
export function bytes(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, n) => (n * 7 + (n >> 8)) % 256);
}
