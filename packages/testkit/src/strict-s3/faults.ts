/**
 * Faults on demand. A fault says which requests it is for and what becomes of them:
 *
 *     server.faults.add({ when: ({ operation, n }) => operation === "UploadPart" && n === 3,
 *                         do: { kind: "error", code: "SlowDown", retryAfter: 1 } });
 *
 * A request suffers the first fault that is for it and not used up, so faults planted one after the
 * other hit one request after the other.
 */
import type { S3Response } from "./call.ts";
import type { Operation } from "./operations.ts";

/** What a fault can see of a request. */
export interface FaultRequest {
  readonly operation: Operation;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** Which request of its operation this is, from 1. */
  readonly n: number;
  /** Which request of all, from 1. */
  readonly total: number;
}

/** `reset`: TCP RST. `close`: an orderly end, too early. */
export type CutStyle = "reset" | "close";

export type FaultAction =
  /** Answers with an error of AWS's (any code; see `s3-error.ts`), instead of the work or after it. */
  | {
      readonly kind: "error";
      readonly code: string;
      readonly status?: number | undefined;
      readonly message?: string | undefined;
      /** Seconds. */
      readonly retryAfter?: number | undefined;
      readonly afterWork?: boolean | undefined;
    }
  /**
   * Sends `200` and the beginning of the document at once and blanks while it works, as AWS does for
   * slow copies and completes; then the result, or, without any work, an error inside the 200.
   */
  | {
      readonly kind: "late-200";
      readonly error?: string | undefined;
      /** Default 8. */
      readonly blanks?: number | undefined;
    }
  /** Waits, then goes on as if nothing had been. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Never answers; reads nothing of the body unless `afterWork`. */
  | { readonly kind: "hang"; readonly afterWork?: boolean | undefined }
  /** Cuts the connection when so many bytes of the request body are in; nothing is done. Default style `reset`. */
  | {
      readonly kind: "cut-request";
      readonly afterBytes: number;
      readonly style?: CutStyle | undefined;
    }
  /**
   * Does the work, then sends so many bytes of the answer and cuts. Counted from the first byte of the
   * status line; 0 is the lost answer. Default style `reset`.
   */
  | {
      readonly kind: "cut-response";
      readonly afterBytes: number;
      readonly style?: CutStyle | undefined;
    }
  /** The same, counted from the first byte of the body: right `Content-Length`, too few bytes. Default `close`. */
  | {
      readonly kind: "cut-body";
      readonly afterBytes: number;
      readonly style?: CutStyle | undefined;
    }
  /** Inverts one byte of the body on its way in. */
  | { readonly kind: "flip-request"; readonly at: number }
  /** Inverts one byte of the body on its way out. */
  | { readonly kind: "flip-response"; readonly at: number }
  /** Anything else: gets the answer after the work, gives the one to send. */
  | { readonly kind: "edit-response"; readonly edit: (response: S3Response) => S3Response };

export interface Fault {
  /** Default: every request. */
  readonly when?: ((request: FaultRequest) => boolean) | undefined;
  /** Several happen to the same request, in this order. */
  readonly do: FaultAction | readonly FaultAction[];
  /** For how many requests. Default 1; `Infinity` for all. */
  readonly times?: number | undefined;
}

export interface PlantedFault {
  /** How many requests it has hit. */
  readonly hits: number;
  remove(): void;
}

export class Faults {
  #planted: { readonly fault: Fault; hits: number }[] = [];

  add(fault: Fault): PlantedFault {
    const planted = { fault, hits: 0 };
    this.#planted.push(planted);
    return {
      get hits() {
        return planted.hits;
      },
      remove: () => {
        this.#planted = this.#planted.filter((other) => other !== planted);
      },
    };
  }

  clear(): void {
    this.#planted = [];
  }

  /** What is to become of this request; counts the hits. */
  take(request: FaultRequest): readonly FaultAction[] {
    const planted = this.#planted.find(
      ({ fault, hits }) => hits < (fault.times ?? 1) && (fault.when?.(request) ?? true),
    );
    if (planted === undefined) return [];
    planted.hits++;
    return [planted.fault.do].flat();
  }
}

/** The first action of a kind, if there is one. */
export function actionOf<K extends FaultAction["kind"]>(
  actions: readonly FaultAction[],
  kind: K,
): Extract<FaultAction, { readonly kind: K }> | undefined {
  return actions.find(
    (action): action is Extract<FaultAction, { readonly kind: K }> => action.kind === kind,
  );
}

/** Inverts the byte at `at`; a body that ends before it stays as it is. */
export function flipByte(chunks: readonly Uint8Array[], at: number): readonly Uint8Array[] {
  let offset = 0;
  return chunks.map((chunk) => {
    const index = at - offset;
    offset += chunk.byteLength;
    if (index < 0 || index >= chunk.byteLength) return chunk;
    const copy = Uint8Array.from(chunk);
    copy[index] = ~(chunk[index] as number);
    return copy;
  });
}
