/** The way of one request: route, log, faults, who is it, body, work, answer. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { authenticate } from "./auth.ts";
import type { S3Response } from "./call.ts";
import { actionOf, flipByte } from "./faults.ts";
import type { FaultAction, Faults } from "./faults.ts";
import { handlers } from "./handlers.ts";
import type { Operation } from "./operations.ts";
import { receivePayload } from "./payload.ts";
import { header, parseRequest } from "./request.ts";
import type { S3Request } from "./request.ts";
import type { LoggedRequest, RequestLog } from "./request-log.ts";
import { cutConnection, errorResponse, sendLate, sendResponse } from "./respond.ts";
import type { Cut } from "./respond.ts";
import { S3Error } from "./s3-error.ts";
import type { ServerState } from "./server-state.ts";

export interface Service {
  readonly state: ServerState;
  readonly faults: Faults;
  readonly log: RequestLog;
  /** Buckets are subdomains of this name. */
  readonly virtualHost: string;
}

/** A request that gets no answer: the connection is cut, or stays open and silent. */
class NoAnswer extends Error {}

const maxKeyBytes = 1024;
const maxDocument = 8 * 2 ** 20;
const objectData: readonly Operation[] = ["PutObject", "UploadPart"];
const publicReads: readonly Operation[] = [
  "GetObject",
  "HeadObject",
  "HeadBucket",
  "ListObjects",
  "ListObjectsV2",
];

export async function serveRequest(
  service: Service,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const requestId = randomBytes(8).toString("hex").toUpperCase();
  outgoing.setHeader("x-amz-request-id", requestId);
  outgoing.setHeader("server", "AmazonS3");
  let entry: LoggedRequest | undefined;
  let actions: readonly FaultAction[] = [];
  let response: S3Response;
  try {
    const request = parseRequest(incoming, service.virtualHost);
    entry = service.log.add(request);
    actions = takeFaults(service, request);
    response = await answer(service, request, { incoming, outgoing, actions });
  } catch (error) {
    if (error instanceof NoAnswer) return;
    const known = toS3Error(error, incoming);
    if (known === undefined) return;
    if (entry !== undefined) entry.code = known.code;
    response = errorResponse(known, incoming.url?.split("?")[0] ?? "", requestId);
    // What is left of the body is read and dropped, so that the connection can go on.
    incoming.resume();
  }
  outgoing.setHeader("date", new Date(service.state.now()).toUTCString());
  if (entry !== undefined) entry.status = response.status;
  send(outgoing, response, actions);
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly actions: readonly FaultAction[];
}

async function answer(
  { state }: Service,
  request: S3Request,
  exchange: Exchange,
): Promise<S3Response> {
  await sufferBefore(exchange);
  checkMoved(state, request);
  const caller = authenticate(request, state.auth);
  checkAccess(state, request, caller.anonymous);
  checkKey(request);
  const isObject = objectData.includes(request.operation);
  const { maxPutSize, maxPartSize } = state.limits;
  const maxObject = request.operation === "PutObject" ? maxPutSize : maxPartSize;
  if (header(request, "expect")?.toLowerCase() === "100-continue")
    exchange.outgoing.writeContinue();
  const payload = await receivePayload(request, bodyOf(exchange), {
    payloadHash: caller.payloadHash,
    maxSize: isObject ? maxObject : maxDocument,
    discard: isObject && state.settings.discardBodies,
  });
  const late = actionOf(exchange.actions, "late-200");
  if (late?.error !== undefined) {
    const error = errorResponse(new S3Error(late.error), request.path, "");
    return { ...error, status: 200 };
  }
  const response = handlers[request.operation]({ server: state, request, payload });
  sufferAfter(exchange.actions);
  const charged = state.buckets.get(request.bucket)?.requesterPays === true;
  if (!charged) return response;
  return { ...response, headers: { ...response.headers, "x-amz-request-charged": "requester" } };
}

function takeFaults({ faults, log }: Service, request: S3Request): readonly FaultAction[] {
  const { operation, bucket, key, query } = request;
  const n = log.counts[operation];
  return faults.take({ operation, bucket, key, query, n, total: log.total });
}

async function sufferBefore({ outgoing, actions }: Exchange): Promise<void> {
  for (const action of actions) {
    if (action.kind === "delay") await sleep(action.ms, undefined, { ref: false });
    else if (action.kind === "error" && action.afterWork !== true) throw faultError(action);
    else if (action.kind === "hang" && action.afterWork !== true) throw new NoAnswer();
    else if (action.kind === "cut-request" && action.afterBytes === 0) {
      cutConnection(outgoing, action.style ?? "reset");
      throw new NoAnswer();
    }
  }
}

function sufferAfter(actions: readonly FaultAction[]): void {
  for (const action of actions) {
    if (action.kind === "error") throw faultError(action);
    if (action.kind === "hang") throw new NoAnswer();
  }
}

function faultError(action: Extract<FaultAction, { readonly kind: "error" }>): S3Error {
  const { code, status, message, retryAfter } = action;
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  return new S3Error(code, { status, message, headers });
}

/** The body as it comes in, flipped or cut where a fault wants that. */
async function* bodyOf({ incoming, outgoing, actions }: Exchange): AsyncGenerator<Uint8Array> {
  const cut = actionOf(actions, "cut-request");
  const flip = actionOf(actions, "flip-request");
  let offset = 0;
  // An error found half-way must still be answered, so leaving the loop may not destroy the socket.
  const chunks: AsyncIterable<Uint8Array> = incoming.iterator({ destroyOnReturn: false });
  for await (const chunk of chunks) {
    const bytes = flip === undefined ? chunk : (flipByte([chunk], flip.at - offset)[0] ?? chunk);
    offset += chunk.byteLength;
    if (cut !== undefined && offset >= cut.afterBytes) {
      cutConnection(outgoing, cut.style ?? "reset");
      throw new NoAnswer();
    }
    yield bytes;
  }
}

function checkMoved(state: ServerState, { bucket }: S3Request): void {
  const place = state.moved.get(bucket);
  if (place === undefined) return;
  throw new S3Error("PermanentRedirect", {
    details: { Endpoint: place.endpoint, Bucket: bucket },
    headers: { "x-amz-bucket-region": place.region },
  });
}

function checkAccess(state: ServerState, request: S3Request, anonymous: boolean): void {
  const bucket = state.buckets.get(request.bucket);
  if (anonymous && !(bucket?.publicRead === true && publicReads.includes(request.operation))) {
    throw new S3Error("AccessDenied");
  }
  if (bucket?.requesterPays !== true) return;
  if (header(request, "x-amz-request-payer")?.toLowerCase() !== "requester") {
    throw new S3Error("AccessDenied");
  }
}

function checkKey({ key }: S3Request): void {
  const size = Buffer.byteLength(key);
  if (size <= maxKeyBytes) return;
  throw new S3Error("KeyTooLongError", { details: { Size: size, MaxSizeAllowed: maxKeyBytes } });
}

/** `undefined` if the client is gone. What is not S3's error is a bug here: loud, and a 500. */
function toS3Error(error: unknown, incoming: IncomingMessage): S3Error | undefined {
  if (error instanceof S3Error) return error;
  if (incoming.destroyed && !incoming.complete) return undefined;
  process.emitWarning(error instanceof Error ? error : String(error), "StrictS3Bug");
  return new S3Error("InternalError", { message: `bug in strict-s3: ${String(error)}` });
}

function send(
  outgoing: ServerResponse,
  response: S3Response,
  actions: readonly FaultAction[],
): void {
  let sent = response;
  for (const action of actions) {
    if (action.kind === "flip-response") sent = { ...sent, body: flipByte(sent.body, action.at) };
    else if (action.kind === "edit-response") sent = action.edit(sent);
  }
  const late = actionOf(actions, "late-200");
  if (late !== undefined && sent.status === 200) sendLate(outgoing, sent, late.blanks ?? 8);
  else sendResponse(outgoing, sent, cutOf(actions));
}

function cutOf(actions: readonly FaultAction[]): Cut | undefined {
  const ofResponse = actionOf(actions, "cut-response");
  const ofBody = actionOf(actions, "cut-body");
  if (ofResponse !== undefined) {
    return { ofBody: false, style: "reset", ...defined(ofResponse) };
  }
  return ofBody === undefined ? undefined : { ofBody: true, style: "close", ...defined(ofBody) };
}

function defined({ afterBytes, style }: { afterBytes: number; style?: Cut["style"] | undefined }) {
  return style === undefined ? { afterBytes } : { afterBytes, style };
}
