/**
 * A strict S3 server for tests: what today's AWS does, in memory, on 127.0.0.1.
 *
 * It exists because the servers that can be installed (Ceph RGW, Swift, emulators) let a sloppy client
 * pass: they take wrong checksums, ignore copy preconditions, do not check signatures. This one refuses
 * whatever AWS refuses, with AWS's codes, and can be told to misbehave in every way that networks and
 * S3 do (`faults.ts`). It shares no code with the S3 driver: both would be wrong alike.
 *
 * Where documentation and observed answers of AWS differ, the answers count. Stricter than AWS in two
 * points: `x-amz-content-sha256` must be signed, and bodies with signed chunks
 * (STREAMING-AWS4-HMAC-SHA256-*) are 501, as are tags, ACLs, locks, policies and lifecycles.
 * Looser in one: customer keys (SSE-C) work without TLS.
 *
 * Where to look: `serve-request.ts` is the way of a request, `handlers.ts` the table of operations.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Credentials } from "./auth.ts";
import type { BucketSettings } from "./bucket.ts";
import { Faults } from "./faults.ts";
import { RequestLog } from "./request-log.ts";
import type { LoggedRequest, RequestCounts } from "./request-log.ts";
import { serveRequest } from "./serve-request.ts";
import type { Service } from "./serve-request.ts";
import { ServerState, awsLimits } from "./server-state.ts";
import type { Limits } from "./server-state.ts";

export interface StrictS3Options {
  /** Default `us-east-1`. */
  readonly region?: string | undefined;
  /** Who may do everything. Default: one pair of long-lived keys. */
  readonly credentials?: readonly Credentials[] | undefined;
  /** Buckets that are there from the beginning, by name. Default none. */
  readonly buckets?: Readonly<Record<string, BucketSettings>> | undefined;
  /** Default AWS's; those not given stay. */
  readonly limits?: Partial<Limits> | undefined;
  /** Host name whose subdomains are buckets. Default `localhost`. */
  readonly virtualHost?: string | undefined;
  /** Listings end pages early, which S3 may do at any time. Default false. */
  readonly shortPages?: boolean | undefined;
  /** Listings come in an order of their own, as of stores that encrypt keys. Not those of versions. Default false. */
  readonly scrambledLists?: boolean | undefined;
  /** The answer to a repeated Complete: AWS's (`same-answer`, default), or that of most others. */
  readonly completeRepeat?: "same-answer" | "no-such-upload" | undefined;
  /** Keep size and hashes of objects, not their bytes: a sink for benchmarks. Default false. */
  readonly discardBodies?: boolean | undefined;
  /** Keep `log`. Default true; counts are kept always. */
  readonly keepLog?: boolean | undefined;
  /** PEM. With it the server speaks TLS. Default: plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** The server's clock, milliseconds since 1970. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

export interface StrictS3 extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, or `https`. */
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** All that may do everything; `expiresAt` of temporary ones may be set at any time. */
  readonly credentials: readonly Credentials[];
  /** How many requests of each operation came, whatever became of them. */
  readonly requests: RequestCounts;
  readonly log: readonly LoggedRequest[];
  readonly faults: Faults;
  /** Cuts all connections and stops. May be called twice. */
  close(): Promise<void>;
}

const defaultCredentials: Credentials = {
  accessKeyId: "AKIDSTRICTS3EXAMPLE",
  secretAccessKey: "strict-s3/secret+key/EXAMPLE",
};

export async function startStrictS3(options: StrictS3Options = {}): Promise<StrictS3> {
  const region = options.region ?? "us-east-1";
  const credentials = options.credentials ?? [defaultCredentials];
  const service: Service = {
    state: new ServerState({
      region,
      credentials,
      limits: { ...awsLimits, ...options.limits },
      shortPages: options.shortPages ?? false,
      scrambledLists: options.scrambledLists ?? false,
      completeRepeat: options.completeRepeat ?? "same-answer",
      discardBodies: options.discardBodies ?? false,
      now: options.now ?? Date.now,
      buckets: options.buckets ?? {},
    }),
    faults: new Faults(),
    log: new RequestLog(options.keepLog ?? true),
    virtualHost: options.virtualHost ?? "localhost",
  };
  const { tls } = options;
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on("request", (incoming, outgoing) => void serveRequest(service, incoming, outgoing));
  // Whoever waits for "100 Continue" gets it after the signature was checked, not before.
  server.on(
    "checkContinue",
    (incoming, outgoing) => void serveRequest(service, incoming, outgoing),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const [{ accessKeyId, secretAccessKey } = defaultCredentials] = credentials;
  return {
    endpoint: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    region,
    accessKeyId,
    secretAccessKey,
    credentials,
    requests: service.log.counts,
    log: service.log.entries,
    faults: service.faults,
    close,
    [Symbol.asyncDispose]: close,
  };
}
