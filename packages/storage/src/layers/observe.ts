/** What `log` and `metrics` see: one record for each operation, when it has ended. */
import type { Body, Driver } from "../driver.ts";
import { type ErrorCode, isStorageError, toStorageError } from "../errors.ts";
import { openBody } from "../lib/body.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { leaveStream, releaseStream } from "../lib/release-stream.ts";
import { type Call, type Operation, intercept } from "./intercept.ts";

/** No option, result or error text is in it: a signed URL or a key could be. */
export interface OperationRecord {
  readonly operation: Operation;
  /** "" where the operation has none. */
  readonly path: string;
  /** Bytes of content that passed, up or down. */
  readonly bytes: number;
  /** From the call to its end; a read ends with its body, a listing with its last page. */
  readonly ms: number;
  /** Why it failed. What the caller left early has not failed. */
  readonly error?: ErrorCode | undefined;
}

/**
 * `driver`, with `observer` told of each operation that ends. What it throws becomes a warning of the process: what was
 * done is done, and its caller must learn of that.
 */
export function observe(
  driver: Driver,
  observer: (record: OperationRecord) => void,
  clock: Clock = systemClock,
): Driver {
  const watch = (call: Call): Watch => new Watch(call, observer, clock);
  return intercept(driver, {
    rewrap: (view) => observe(view, observer, clock),
    async around(call, run) {
      const watching = watch(call);
      watching.bytes = call.bytes ?? 0;
      return watching.whole(run);
    },
    methods: {
      async *list(path, options) {
        yield* watch({ operation: "list", path }).stream(driver.list(path, options));
      },
      async *listVersions(path, options) {
        const watching = watch({ operation: "listVersions", path });
        yield* watching.stream(driver.listVersions!(path, options));
      },
      async read(path, options) {
        const watching = watch({ operation: "read", path });
        const { entry, body } = await watching.opening(() => driver.read(path, options));
        const counted = watching.stream(body, (chunk) => chunk.byteLength);
        const left = async (): Promise<void> => {
          await watching.whole(() => leaveStream(body));
        };
        return { entry, body: releaseStream(counted, left) };
      },
      async write(path, body, options) {
        const watching = watch({ operation: "write", path });
        return watching.whole(() => driver.write(path, countBody(body, watching), options));
      },
      async readBlock(path, options) {
        const watching = watch({ operation: "readBlock", path });
        return watching.whole(
          () => driver.readBlock!(path, options),
          (block) => void (watching.bytes = block.bytes.byteLength),
        );
      },
    },
    multipart: {
      async *listParts(upload, options) {
        const watching = watch({ operation: "multipart.listParts", path: upload.path });
        yield* watching.stream(driver.multipart!.listParts(upload, options));
      },
      async *listUploads(path, options) {
        const watching = watch({ operation: "multipart.listUploads", path });
        yield* watching.stream(driver.multipart!.listUploads(path, options));
      },
    },
  });
}

/** One operation under way. */
class Watch {
  bytes = 0;
  readonly #call: Call;
  readonly #observer: (record: OperationRecord) => void;
  readonly #clock: Clock;
  readonly #start: number;

  constructor(call: Call, observer: (record: OperationRecord) => void, clock: Clock) {
    this.#call = call;
    this.#observer = observer;
    this.#clock = clock;
    this.#start = clock.now();
  }

  end(error?: ErrorCode): void {
    const { operation, path } = this.#call;
    const ms = this.#clock.now() - this.#start;
    try {
      this.#observer({ operation, path, bytes: this.bytes, ms, error });
    } catch (problem) {
      process.emitWarning(toStorageError(problem));
    }
  }

  fail(error: unknown): void {
    this.end(isStorageError(error) ? error.code : toStorageError(error).code);
  }

  /** A step whose failure ends the operation, while its success does not. */
  async opening<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  async whole<T>(run: () => Promise<T>, done?: (result: T) => void): Promise<T> {
    const result = await this.opening(run);
    done?.(result);
    this.end();
    return result;
  }

  /** Passes a stream on; the operation ends with it. */
  async *stream<T>(stream: AsyncIterable<T>, size?: (item: T) => number): AsyncGenerator<T> {
    let failure: { readonly error: unknown } | undefined;
    try {
      for await (const item of stream) {
        this.bytes += size?.(item) ?? 0;
        yield item;
      }
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      if (failure === undefined) this.end();
      else this.fail(failure.error);
    }
  }
}

/** A body of the same kind that counts what is taken of it, over all attempts. */
function countBody(body: Body, watching: Watch): Body {
  if (body instanceof Uint8Array) {
    watching.bytes = body.byteLength;
    return body;
  }
  if (typeof body === "function") return () => count(openBody(body), watching);
  return count(openBody(body), watching);
}

function count(stream: AsyncIterable<Uint8Array>, watching: Watch): AsyncIterable<Uint8Array> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      watching.bytes += chunk.byteLength;
      yield chunk;
    }
  }
  return releaseStream(chunks(), () => leaveStream(stream));
}
