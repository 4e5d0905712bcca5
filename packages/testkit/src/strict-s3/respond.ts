/** Puts an answer on the wire, whole or, on demand, only so many bytes of it. */
import { STATUS_CODES } from "node:http";
import type { ServerResponse } from "node:http";
import { emptyResponse } from "./call.ts";
import type { S3Response } from "./call.ts";
import type { CutStyle } from "./faults.ts";
import type { S3Error } from "./s3-error.ts";
import { xmlDeclaration, xmlDocument } from "./xml-write.ts";

/** Where to stop sending. */
export interface Cut {
  readonly afterBytes: number;
  /** Count from the beginning of the body instead of the status line. */
  readonly ofBody: boolean;
  readonly style: CutStyle;
}

export function sendResponse(
  outgoing: ServerResponse,
  response: S3Response,
  cut: Cut | undefined,
): void {
  const headOnly = outgoing.req.method === "HEAD" || [204, 304].includes(response.status);
  const body = headOnly ? [] : response.body;
  const length =
    response.length ?? response.body.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const hasLength = response.status !== 204 && response.status !== 304;
  const headers = {
    ...response.headers,
    ...(hasLength ? { "content-length": String(length) } : {}),
  };
  if (cut !== undefined) {
    sendCut(outgoing, { ...response, headers, body }, cut);
    return;
  }
  outgoing.writeHead(response.status, headers);
  for (const chunk of body) outgoing.write(chunk);
  outgoing.end();
}

/** The 200 of a slow operation: declaration and blanks first, the rest when it is there. */
export function sendLate(outgoing: ServerResponse, response: S3Response, blanks: number): void {
  outgoing.writeHead(200, { ...response.headers, "content-type": "application/xml" });
  outgoing.write(xmlDeclaration);
  for (let count = 0; count < blanks; count++) outgoing.write(" ");
  const document = Buffer.concat(response.body).toString();
  outgoing.end(document.slice(document.startsWith(xmlDeclaration) ? xmlDeclaration.length : 0));
}

export function errorResponse(error: S3Error, resource: string, requestId: string): S3Response {
  if (error.status === 304) return emptyResponse(304, { ...error.headers });
  const document = xmlDocument([
    "Error",
    [
      ["Code", error.code],
      ["Message", error.message],
      ...Object.entries(error.details),
      ["Resource", resource],
      ["RequestId", requestId],
      ["HostId", "strict-s3"],
    ],
  ]);
  return {
    status: error.status,
    headers: { "content-type": "application/xml", ...error.headers },
    body: [Buffer.from(document)],
  };
}

export function cutConnection(outgoing: ServerResponse, style: CutStyle): void {
  const { socket } = outgoing;
  if (style === "reset") socket?.resetAndDestroy();
  else socket?.end(() => socket.destroy());
}

/** Written past node's HTTP layer, which would not send half a head. */
function sendCut(outgoing: ServerResponse, response: S3Response, cut: Cut): void {
  const lines = [`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ""}`];
  for (const [name, value] of Object.entries(response.headers)) lines.push(`${name}: ${value}`);
  lines.push(`date: ${new Date().toUTCString()}`, "connection: keep-alive");
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const end = cut.ofBody ? head.byteLength + cut.afterBytes : cut.afterBytes;
  const bytes = Buffer.concat([head, ...response.body]).subarray(0, end);
  outgoing.socket?.write(bytes, () => cutConnection(outgoing, cut.style));
}
