/** The beginning of a request, as it goes over the wire. */
import type { HttpRequest } from "./http-connection.ts";
import { transportError } from "./http-limits.ts";

/** To be sent as Latin-1. @throws for a header that would end its line, and anything else that none can hold. */
export function formatHead({ method, path, headers, body }: HttpRequest): string {
  if (!/^[\x21-\x7e]+$/.test(path)) throw invalid();
  let head = `${method} ${path} HTTP/1.1\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw invalid();
    }
    head += `${name}: ${value}\r\n`;
  }
  if (body === undefined && (method === "PUT" || method === "POST"))
    head += "content-length: 0\r\n";
  return `${head}\r\n`;
}

function invalid(): Error {
  return transportError("ERR_INVALID_CHAR", "a character that no header can hold");
}
