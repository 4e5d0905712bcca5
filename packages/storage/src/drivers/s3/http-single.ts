/**
 * One request at a time, by Node's own client. Times out, limits and fails as `http-connection.ts` does: by
 * undici's codes where it has one, since those are what `s3-errors.ts` knows.
 */
import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  Agent as HttpAgent,
  request as httpRequest,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { ConnectionOptions, HttpAnswer, HttpRequest } from "./http-connection.ts";
import { KEEP_ALIVE, MAX_ANSWER, TooLongAnswer, certificates } from "./http-limits.ts";
import type { ResponseHeaders } from "./s3-errors.ts";

export function makeAgent(origin: string, { caBundle }: ConnectionOptions): Agent {
  const settings = { keepAlive: true, maxSockets: 1, timeout: KEEP_ALIVE };
  if (!origin.startsWith("https:")) return new HttpAgent(settings);
  return new HttpsAgent({ ...settings, ...certificates(caBundle) });
}

export function exchangeAlone(
  origin: string,
  agent: Agent,
  request: HttpRequest,
  { idleTimeout, connectTimeout }: Pick<ConnectionOptions, "idleTimeout" | "connectTimeout">,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    if (request.signal?.aborted) throw aborted();
    const sent = send(origin, agent, request, connectTimeout);
    const abort = (): void => void sent.destroy(aborted());
    request.signal?.addEventListener("abort", abort);
    const done = (): void => request.signal?.removeEventListener("abort", abort);
    const fail = (error: Error): void => {
      done();
      reject(error);
    };
    watch(sent, request.answerTimeout ?? idleTimeout, idleTimeout);
    sent.on("error", fail);
    sent.on("response", (response) => {
      collect(
        response,
        (answer) => {
          done();
          resolve(answer);
        },
        fail,
      );
    });
    sent.end(request.body);
  });
}

function send(origin: string, agent: Agent, request: HttpRequest, timeout: number): ClientRequest {
  const { method, path, body } = request;
  const { protocol, hostname, port } = new URL(origin);
  const isEmpty = body === undefined && (method === "PUT" || method === "POST");
  const headers = isEmpty ? [...request.headers, "content-length", "0"] : request.headers;
  const host = hostname.replace(/^\[|\]$/g, "");
  const make = protocol === "https:" ? httpsRequest : httpRequest;
  return make({ agent, host, port, method, path, headers, timeout });
}

/** Ends a request whose server keeps silent for too long. */
function watch(sent: ClientRequest, answerTimeout: number, idleTimeout: number): void {
  let code = "UND_ERR_CONNECT_TIMEOUT";
  sent.on("socket", (socket) => {
    const connected = (): void => {
      code = "UND_ERR_HEADERS_TIMEOUT";
      socket.setTimeout(answerTimeout);
    };
    if (socket.connecting) socket.once("connect", connected);
    else connected();
  });
  sent.on("response", ({ socket }) => {
    code = "UND_ERR_BODY_TIMEOUT";
    socket.setTimeout(idleTimeout);
  });
  sent.on("timeout", () => void sent.destroy(Object.assign(new Error("timed out"), { code })));
}

function collect(
  response: IncomingMessage,
  resolve: (answer: HttpAnswer) => void,
  reject: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on("error", reject);
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > MAX_ANSWER) response.destroy(new TooLongAnswer());
  });
  response.on("end", () => {
    const { statusCode = 0, rawHeaders } = response;
    resolve({ status: statusCode, headers: readHeaders(rawHeaders), body: Buffer.concat(chunks) });
  });
}

/** As undici gives them: repeated ones as a list, which Node's own `headers` would join or drop. */
function readHeaders(raw: readonly string[]): ResponseHeaders {
  const headers: Record<string, string | string[]> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const value = raw[i + 1] as string;
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}

function aborted(): DOMException {
  return new DOMException("aborted", "AbortError");
}
