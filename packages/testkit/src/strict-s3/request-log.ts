/** What was asked of the server, for assertions. Secrets are left out. */
import { operations } from "./operations.ts";
import type { Operation } from "./operations.ts";
import type { S3Request } from "./request.ts";

export interface LoggedRequest {
  readonly operation: Operation;
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names, without `authorization` and keys. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the answer; `undefined` while there is none, or if the connection was cut before one was made. */
  status: number | undefined;
  /** AWS's error code, if it was an error. */
  code: string | undefined;
}

export type RequestCounts = Readonly<Record<Operation, number>>;

const secret =
  /^(?:authorization|x-amz-security-token|x-amz-(?:copy-source-)?server-side-encryption-customer-key|X-Amz-(?:Credential|Signature|Security-Token))$/;

export class RequestLog {
  readonly counts: Record<Operation, number> = Object.fromEntries(
    operations.map((operation) => [operation, 0]),
  ) as Record<Operation, number>;
  readonly entries: LoggedRequest[] = [];
  #total = 0;
  readonly #keep: boolean;

  constructor(keep: boolean) {
    this.#keep = keep;
  }

  get total(): number {
    return this.#total;
  }

  add(request: S3Request): LoggedRequest {
    const { operation, method, bucket, key } = request;
    this.#total++;
    this.counts[operation]++;
    const entry: LoggedRequest = {
      operation,
      method,
      bucket,
      key,
      query: withoutSecrets(request.query),
      headers: withoutSecrets(request.headers),
      status: undefined,
      code: undefined,
    };
    if (this.#keep) this.entries.push(entry);
    return entry;
  }
}

function withoutSecrets(fields: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...fields].filter(([name]) => !secret.test(name)));
}
