// The only place that calls `fetch`: JSON in and out, and every failure as a Problem (RFC 9457).

const BASE = "/api";
const TIMEOUT_MS = 15_000;

/** What the API says about a failure, or our own words where no answer came. */
export class Problem extends Error {
  constructor({ status = 0, title, detail = "", type = "about:blank", fields = {}, requestId = null }) {
    super(detail || title);
    this.name = "Problem";
    Object.assign(this, { status, title, detail, type, fields, requestId });
  }

  /** True where no answer came: the server may or may not have done what it was asked. */
  get unanswered() {
    return this.status === 0 || this.status === 502 || this.status === 504;
  }
}

/**
 * One request to the API. Resolves to the parsed body (null where there is none).
 * `keepalive` lets it outlive the page. Throws a Problem, or the signal's AbortError when the caller has left.
 */
export async function request(method, path, { json, form, headers = {}, token, signal, keepalive = false } = {}) {
  const init = { method, headers: { accept: "application/json", ...headers }, credentials: "omit", cache: "no-store", keepalive };
  if (token) init.headers.authorization = `Bearer ${token}`;
  if (json !== undefined) {
    init.headers["content-type"] = "application/json";
    init.body = JSON.stringify(json);
  } else if (form) {
    init.body = new URLSearchParams(form);
  }
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  init.signal = signal ? AbortSignal.any([signal, timeout]) : timeout;

  try {
    const response = await fetch(`${BASE}${path}`, init);
    if (!response.ok) throw await problemOf(response);
    return response.status === 204 ? null : await response.json();
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (signal?.aborted) throw signal.reason;
    throw unreachable(error, timeout.aborted);
  }
}

function unreachable(cause, timedOut) {
  const problem = new Problem({
    title: timedOut ? "The shop took too long to answer" : "The shop cannot be reached",
    detail: timedOut ? "Please try again in a moment." : "Check your connection, then try again.",
  });
  problem.cause = cause;
  return problem;
}

async function problemOf(response) {
  const requestId = response.headers.get("x-request-id");
  const type = response.headers.get("content-type") ?? "";
  const body = type.includes("json") ? await response.json().catch(() => ({})) : {};
  return new Problem({
    status: response.status,
    title: body.title ?? "Something went wrong",
    detail: typeof body.detail === "string" ? body.detail : fallbackDetail(response.status),
    type: body.type,
    fields: fieldErrors(body.errors),
    requestId,
  });
}

function fallbackDetail(status) {
  return status >= 500
    ? `The shop could not answer (${status}). Please try again in a moment.`
    : `The shop refused the request (${status}).`;
}

/** `errors: [{field | loc, detail | msg}]` of a validation problem -> {field: message}. */
function fieldErrors(errors) {
  const fields = {};
  for (const error of Array.isArray(errors) ? errors : []) {
    const name = error.field ?? error.loc?.at(-1) ?? error.pointer?.split("/").at(-1);
    if (name !== undefined) fields[String(name).split(".").at(-1)] ??= error.detail ?? error.msg ?? error.message;
  }
  return fields;
}

export const isAbort = (error) => error?.name === "AbortError";
