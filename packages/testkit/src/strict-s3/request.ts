/** An incoming request, taken apart: address, query, headers. */
import type { IncomingMessage } from "node:http";
import { operationOf } from "./operations.ts";
import type { Operation } from "./operations.ts";
import { decodePercent } from "./percent.ts";
import { S3Error } from "./s3-error.ts";

export interface S3Request {
  readonly operation: Operation;
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  /** The path as a client signs it: decoded. */
  readonly path: string;
  /** Decoded, in the order sent; a name given twice is there twice. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** The same by name, the first of each. */
  readonly query: ReadonlyMap<string, string>;
  /** Lower-case names; a header sent twice has its values joined by commas, as signatures want it. */
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * @param virtualHost the host name under which buckets are subdomains: `bucket.<virtualHost>`.
 */
export function parseRequest(incoming: IncomingMessage, virtualHost: string): S3Request {
  const method = incoming.method ?? "";
  const [rawPath = "", ...rest] = (incoming.url ?? "").split("?");
  const path = decodePercent(rawPath);
  if (!path.startsWith("/")) throw new S3Error("InvalidURI");
  const headers = collectHeaders(incoming.rawHeaders);
  const parameters = parseQuery(rest.join("?"));
  const query = new Map(parameters.toReversed());
  const address = addressOf(path, headers.get("host") ?? "", virtualHost);
  const operation = operationOf({ method, query, headers, ...address });
  return { operation, method, path, parameters, query, headers, ...address };
}

/** The value of a header, or `undefined`, which is also what an empty one counts as. */
export function header(request: S3Request, name: string): string | undefined {
  return request.headers.get(name) || undefined;
}

function collectHeaders(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase();
    const value = (raw[index + 1] as string).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

function parseQuery(raw: string): (readonly [string, string])[] {
  return raw
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return [decodePercent(name), decodePercent(value.join("="))] as const;
    });
}

function addressOf(
  path: string,
  host: string,
  virtualHost: string,
): { readonly bucket: string; readonly key: string } {
  const name = host.replace(/:\d+$/, "");
  if (name.endsWith(`.${virtualHost}`)) {
    return { bucket: name.slice(0, -virtualHost.length - 1), key: path.slice(1) };
  }
  const slash = path.indexOf("/", 1);
  if (slash === -1) return { bucket: path.slice(1), key: "" };
  return { bucket: path.slice(1, slash), key: path.slice(slash + 1) };
}
