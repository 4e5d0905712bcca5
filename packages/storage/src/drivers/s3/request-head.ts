/** The beginning of a request, as it goes over the wire. */
import type { HttpRequest } from "./http-connection.ts";
import { transportError } from "./http-limits.ts";

const NO_BODY = "content-length: 0\r\n";

/** Its bytes. @throws for a header that would end its line, and anything else that none can hold. */
export function sizeOfHead({ method, path, headers, body }: HttpRequest): number {
  if (!/^[\x21-\x7e]+$/.test(path)) throw invalid();
  let size = method.length + path.length + " HTTP/1.1\r\n".length + 1;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw invalid();
    }
    size += name.length + value.length + 4;
  }
  if (isEmpty(method, body)) size += NO_BODY.length;
  return size + 2;
}

/** Writes it piece by piece: joining the pieces first makes more garbage than all else of a small request. */
export function writeHead({ method, path, headers, body }: HttpRequest, memory: Buffer): void {
  let at = memory.write(`${method} ${path} HTTP/1.1\r\n`, "latin1");
  for (let i = 0; i < headers.length; i += 2) {
    at += memory.write(headers[i] as string, at, "latin1");
    at += memory.write(": ", at, "latin1");
    at += memory.write(headers[i + 1] as string, at, "latin1");
    at += memory.write("\r\n", at, "latin1");
  }
  if (isEmpty(method, body)) at += memory.write(NO_BODY, at, "latin1");
  memory.write("\r\n", at, "latin1");
}

/** Of a method that has a body. */
function isEmpty(method: string, body: Uint8Array | undefined): boolean {
  return body === undefined && (method === "PUT" || method === "POST");
}

function invalid(): Error {
  return transportError("ERR_INVALID_CHAR", "a character that no header can hold");
}
