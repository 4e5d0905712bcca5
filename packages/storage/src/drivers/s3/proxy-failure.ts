/**
 * What goes wrong at a proxy, told apart from what goes wrong behind it. undici has no codes for it: a
 * tunnel that is refused comes as an aborted request, and aborting is what users do.
 */

/** `undefined` for an error that says nothing about the proxy. */
export function proxyFailure(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  const tunnel = /^Proxy response \((\d+)\) !== 200/.exec(error.message)?.[1];
  const status = tunnel ?? /^Proxy Authentication Required \((407)\)/.exec(error.message)?.[1];
  if (status !== undefined) {
    return new ProxyFailure(codeOf(status), `the proxy answered HTTP ${status}`, error);
  }
  // The proxy is the only host that is connected to.
  const { code = "" } = error as NodeJS.ErrnoException;
  if (!UNREACHABLE.has(code)) return undefined;
  return new ProxyFailure("PROXY_UNREACHABLE", `the proxy cannot be reached (${code})`, error);
}

function codeOf(status: string): string {
  if (status === "401" || status === "407") return "PROXY_LOGIN";
  return status.startsWith("5") ? "PROXY_FAILED" : "PROXY_REFUSED";
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** `code` is one that `s3-errors.ts` knows. */
class ProxyFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
