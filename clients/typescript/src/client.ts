/**
 * The thin layer over the generated types: tokens, language, idempotency keys, problems, conditional reads, pages.
 *
 * `schema.d.ts` is generated from the published description; nothing here repeats what stands there.
 */
import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Language = "en" | "cy";
/** Lists are also given as NDJSON, CSV and ODS; this client reads JSON. */
type Media = "application/json" | "application/problem+json";
export type Api = Client<paths, Media>;

/** Gives the access token of the moment; told of one that was refused, it gives another the next time. */
export type TokenSource = (refused?: string) => Promise<string>;

export interface Options {
  /** The gateway's address. */
  baseUrl: string;
  token: TokenSource;
  language?: Language;
  /** Tries of one request in all, where it may be repeated. */
  tries?: number;
  fetch?: (request: Request) => Promise<Response>;
  /** Waits so many seconds; replaced where no time may pass. */
  wait?: (seconds: number) => Promise<void>;
}

/** A refusal (RFC 9457). `code` is stable; `document` has every fault with its place. */
export class ProblemError extends Error {
  constructor(readonly document: Schemas["Problem"]) {
    super(`${document.code}: ${document.detail}`);
    this.name = "ProblemError";
  }

  get code(): string {
    return this.document.code;
  }
}

const PASSING = new Set([429, 502, 503, 504]);
const pause = (seconds: number): Promise<void> =>
  new Promise((done) => setTimeout(done, seconds * 1000));

/** The API, typed. Every method of the result is checked against the description. */
export function connect(options: Options): Api {
  const send = repeating(options);
  const api = createClient<paths, Media>({ baseUrl: options.baseUrl, fetch: send });
  api.use(spokenIn(options.language ?? "cy"));
  return api;
}

/** The header of one command: sent again under the same key, it has one effect. */
export function once(): { "Idempotency-Key": string } {
  return { "Idempotency-Key": crypto.randomUUID() };
}

function spokenIn(language: Language): Middleware {
  return {
    onRequest({ request }) {
      request.headers.set("Accept-Language", language);
      return request;
    },
  };
}

function mayBeRepeated(request: Request): boolean {
  return request.method === "GET" || request.headers.has("Idempotency-Key");
}

function repeating(options: Options): (request: Request) => Promise<Response> {
  const fetched = options.fetch ?? ((request: Request) => fetch(request));
  const wait = options.wait ?? pause;
  const tries = options.tries ?? 4;
  return async (request) => {
    let refused: string | undefined;
    for (let left = tries; ; left -= 1) {
      const token = await options.token(refused);
      const attempt = request.clone();
      attempt.headers.set("Authorization", `Bearer ${token}`);
      const answer = await fetched(attempt);
      if (left <= 1) return answer;
      if (answer.status === 401 && refused === undefined) {
        refused = token;
        continue;
      }
      if (!PASSING.has(answer.status) || !mayBeRepeated(request)) return answer;
      await wait(Number(answer.headers.get("Retry-After") ?? 1));
    }
  };
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of an answer. Throws ProblemError where it is a refusal. */
export async function answered<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (response.ok && data !== undefined) return data;
  throw new ProblemError(error as Schemas["Problem"]);
}

export interface Held<T> {
  value: T;
  etag: string | null;
}

/** A conditional read: `ask` is given the ETag that is held, and an unchanged record is not sent again. */
export async function current<T>(
  held: Held<T> | undefined,
  ask: (etag: string | undefined) => Promise<Answer<T>>,
): Promise<Held<T>> {
  const { data, error, response } = await ask(held?.etag ?? undefined);
  if (response.status === 304 && held !== undefined) return held;
  if (!response.ok || data === undefined) throw new ProblemError(error as Schemas["Problem"]);
  return { value: data, etag: response.headers.get("ETag") };
}

interface Page<T> {
  items: T[];
  links: Schemas["Links"];
}

/** Every record of a list, page by page. `ask` is given the cursor of the page that is wanted. */
export async function* everyRecord<T>(
  ask: (cursor: string | undefined) => Promise<Answer<Page<T>>>,
): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page = await answered(ask(cursor));
    yield* page.items;
    const next: string | null | undefined = page.links.next;
    cursor = next ? (new URL(next, "http://next").searchParams.get("cursor") ?? undefined) : undefined;
  } while (cursor !== undefined);
}

/** Client credentials (RFC 6749, 4.4) for programs; a browser signs people in and gives their token itself. */
export function clientCredentials(
  tokenUrl: string,
  clientId: string,
  secret: string,
  fetched: typeof fetch = fetch,
): TokenSource {
  let held: { token: string; until: number } | undefined;
  return async (refused) => {
    if (held === undefined || held.token === refused || Date.now() >= held.until) {
      const answer = await fetched(tokenUrl, {
        method: "POST",
        headers: { Authorization: `Basic ${btoa(`${clientId}:${secret}`)}` },
        body: new URLSearchParams({ grant_type: "client_credentials" }),
      });
      if (!answer.ok) throw new Error(`the issuer answered ${answer.status}`);
      const granted = (await answer.json()) as { access_token: string; expires_in: number };
      held = { token: granted.access_token, until: Date.now() + granted.expires_in * 800 };
    }
    return held.token;
  };
}
