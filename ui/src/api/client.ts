/** The one way to the server: typed by its OpenAPI document, with errors that people can read. */
import createClient from "openapi-fetch";
import { t } from "../language/language";
import type { components, paths } from "./schema.gen";

export type Schemas = components["schemas"];

/** The address that the app is served below, without a slash at its end. */
export const BASE = new URL(document.baseURI).pathname.replace(/\/$/, "");

/** What the server said when it refused something. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** What the server wants besides: "totp", a code of an authenticator app. */
    readonly needs: string | null = null,
  ) {
    super(message);
    this.name = "Problem";
  }
}

let csrf: string | null = null;

/** From now on, changes carry this session's token. */
export function setCsrfToken(token: string | null): void {
  csrf = token;
}

let onLoggedOut: () => void = () => undefined;

/** Call that when the server says that nobody is logged in. */
export function whenLoggedOut(call: () => void): void {
  onLoggedOut = call;
}

export const client = createClient<paths>({
  baseUrl: window.location.origin + BASE,
  querySerializer: { array: { style: "form", explode: true } },
});

client.use({
  onRequest({ request }) {
    if (csrf !== null && request.method !== "GET") request.headers.set("X-CSRF-Token", csrf);
    return request;
  },
});

interface Result<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer's content. Throws a `Problem` where the server refused. */
export async function answer<T>(result: Promise<Result<T>>): Promise<T> {
  let got: Result<T>;
  try {
    got = await result;
  } catch {
    throw new Problem(
      0,
      t("The server cannot be reached. It may be starting anew; this page retries."),
    );
  }
  if (got.response.ok) return got.data as T;
  if (got.response.status === 401) onLoggedOut();
  const needs = (got.error as { needs?: unknown } | undefined)?.needs;
  throw new Problem(
    got.response.status,
    detailOf(got.error, got.response),
    typeof needs === "string" ? needs : null,
  );
}

function detailOf(body: unknown, response: Response): string {
  const detail = (body as { detail?: unknown } | undefined)?.detail;
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) {
    return detail
      .map(
        (one: { loc?: unknown[]; msg?: string }) =>
          `${(one.loc ?? []).slice(1).join(".")}: ${one.msg}`,
      )
      .join("\n");
  }
  if (detail !== undefined) return JSON.stringify(detail);
  return t("The server answered {status} {text}.", {
    status: response.status,
    text: response.statusText,
  });
}
