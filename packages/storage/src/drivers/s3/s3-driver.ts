/** S3 and everything that speaks its protocol. What each part does is in the file named for it. */
import { type Capabilities, NO_CAPABILITIES } from "../../capabilities.ts";
import type {
  Body,
  CallOptions,
  ConditionOptions,
  CopySource,
  DirectoryOptions,
  Driver,
  ListOptions,
  ProbeOptions,
  Made,
  Multipart,
  PresignOptions,
  ReadOptions,
  ReadResult,
  RemoveOptions,
  StatOptions,
  WriteOptions,
} from "../../driver.ts";
import type { Attributes, Entry } from "../../entry.ts";
import { StorageError } from "../../errors.ts";
import { collectBody } from "../../lib/body.ts";
import { writeOrLeave } from "../../lib/release-stream.ts";
import type { RetryPolicy } from "../../lib/retry-policy.ts";
import { defaultProbeCache } from "./probe-cache.ts";
import { S3Client } from "./s3-client.ts";
import type { S3Config } from "./s3-config.ts";
import { MAX_KEY, S3Context } from "./s3-context.ts";
import { registerSource, sourceContext } from "./s3-copy-source.ts";
import { copyObject, setObjectAttributes } from "./s3-copy.ts";
import { listDirectory } from "./s3-list.ts";
import { createMultipart } from "./s3-multipart.ts";
import { limitsOf } from "./s3-parts.ts";
import { presignObject } from "./s3-presign.ts";
import { openLink, readObject, statPath } from "./s3-read.ts";
import { removeDirectory, removeObject, removeObjects } from "./s3-remove.ts";
import { defineVersionMethods } from "./s3-versions.ts";
import type { StoreFacts } from "./store-facts.ts";
import { makeDirectory, writeLinkObject, writeSpecialObject, writeObject } from "./s3-write.ts";

/** Longest target of a link, bytes; a longer object is none. */
const MAX_TARGET = 64 * 1024;

export interface S3DriverOptions {
  /** File that remembers what probes found out; "" for none. Default: in the user's cache directory. */
  readonly cacheFile?: string | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
}

export class S3Driver implements Driver {
  readonly name = "s3";
  readonly id: string;
  readonly multipart: Multipart;
  /** Absent where attributes are not to be stored. */
  readonly readLink?: (path: string, options?: CallOptions) => Promise<string>;
  readonly writeLink?: (path: string, target: string, options?: WriteOptions) => Promise<Entry>;
  readonly makeSpecial?: NonNullable<Driver["makeSpecial"]>;
  /** Absent without credentials. */
  readonly presign?: (path: string, options: PresignOptions) => Promise<string>;
  /** Absent where the store has no request for it. */
  readonly removeMany?: (
    paths: readonly string[],
    options?: CallOptions,
  ) => Promise<readonly StorageError[]>;
  /** Absent where the bucket keeps no versions, as far as that is known. */
  readonly listVersions?: NonNullable<Driver["listVersions"]>;
  readonly removeVersion?: NonNullable<Driver["removeVersion"]>;
  readonly #context: S3Context;
  /** Asked for with every transfer, and hardly ever others than before. */
  #last:
    | { readonly facts: StoreFacts; readonly denied: boolean; readonly capabilities: Capabilities }
    | undefined;

  constructor(config: S3Config, options: S3DriverOptions = {}) {
    const { host } = new URL(config.endpoint);
    this.id = ["s3:/", host, config.bucket, config.root].filter((part) => part !== "").join("/");
    const cacheFile = options.cacheFile ?? defaultProbeCache(process.env);
    const client = new S3Client(config, options.retry);
    const context = new S3Context(config, client, cacheFile === "" ? undefined : cacheFile);
    this.#context = context;
    this.multipart = createMultipart(context);
    registerSource(this, context);
    if (!config.noMetadata) {
      this.readLink = (path, call = {}) => readTarget(context, path, call);
      this.writeLink = (path, target, call = {}) => writeLinkObject(context, path, target, call);
      this.makeSpecial = (path, special, call = {}) =>
        writeSpecialObject(context, path, special, call);
    }
    if (config.credentials !== undefined) {
      this.presign = (path, call) => presignObject(context, path, call);
    }
    if (config.profile.quirks.removeManyLimit !== false) {
      this.removeMany = (paths, call = {}) => removeObjects(context, paths, call);
    }
    defineVersionMethods(this, context);
  }

  /**
   * What the provider's profile says, what an earlier probe found out, and for the rest the best: a
   * condition that nobody has tried yet counts as honoured, and is tried on first use.
   */
  get capabilities(): Capabilities {
    const { facts, denied } = this.#context;
    const last = this.#last;
    if (last?.facts === facts && last.denied === denied) return last.capabilities;
    const capabilities = capabilitiesOf(this.#context);
    this.#last = { facts, denied, capabilities };
    return capabilities;
  }

  async probe(options: ProbeOptions = {}): Promise<Capabilities> {
    this.#context.begin("", options, { root: true });
    await this.#context.client.credentials();
    await (options.write ? this.#context.settle(options.signal) : this.#context.recall());
    return this.capabilities;
  }

  stat(path: string, options: StatOptions = {}): Promise<Entry | undefined> {
    return statPath(this.#context, path, options);
  }

  list(directory: string, options: ListOptions = {}): AsyncIterable<readonly Entry[]> {
    return listDirectory(this.#context, directory, options);
  }

  read(path: string, options: ReadOptions = {}): Promise<ReadResult> {
    return readObject(this.#context, path, options);
  }

  write(path: string, body: Body, options: WriteOptions = {}): Promise<Entry> {
    return writeOrLeave(body, () => writeObject(this.#context, path, body, options));
  }

  remove(path: string, options: RemoveOptions = {}): Promise<void> {
    return removeObject(this.#context, path, options);
  }

  mkdir(path: string, options: DirectoryOptions = {}): Promise<void> {
    return makeDirectory(this.#context, path, options);
  }

  rmdir(path: string, options: CallOptions = {}): Promise<void> {
    return removeDirectory(this.#context, path, options);
  }

  canCopyFrom(source: Driver): boolean {
    return sourceContext(this.#context, source) !== undefined;
  }

  copy(source: CopySource, path: string, options: WriteOptions = {}): Promise<Made> {
    return copyObject(this.#context, source, path, options);
  }

  setAttributes(
    path: string,
    attributes: Attributes,
    options: ConditionOptions = {},
  ): Promise<Entry> {
    return setObjectAttributes(this.#context, path, attributes, options);
  }

  onThrottled(listener: () => void): () => void {
    const { throttled } = this.#context.client;
    throttled.add(listener);
    return () => void throttled.delete(listener);
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}

async function readTarget(context: S3Context, path: string, options: CallOptions): Promise<string> {
  const body = await openLink(context, path, options);
  const bytes = await collectBody(body, MAX_TARGET, { path, signal: options.signal });
  return new TextDecoder().decode(bytes);
}

function capabilitiesOf(context: S3Context): Capabilities {
  const { config } = context;
  const { quirks } = config.profile;
  const kept = !config.noMetadata;
  const limits = limitsOf(context);
  return {
    ...NO_CAPABILITIES,
    orderedList: context.listsInOrder,
    resumableList: context.listsInOrder,
    fileAndDirectory: true,
    mtimePrecision: kept ? 0.001 : undefined,
    mode: kept,
    owner: kept ? "both" : undefined,
    xattrs: kept,
    acls: kept,
    metadata: true,
    contentType: true,
    maxPathBytes: MAX_KEY - Buffer.byteLength(context.prefix(config.root)),
    maxSize: quirks.maxObjectSize,
    hashes: ["blake3", "md5", "sha256", "sha1", "crc32"],
    conditions: {
      create: context.allows("create"),
      replace: context.allows("replace"),
      remove: context.allows("remove"),
      copySource: context.allows("copySource"),
      partSource: context.allows("partSource"),
      copyTarget: context.allows("copyTarget"),
      complete: context.allows("complete"),
    },
    copy: "server",
    setAttributes: true,
    symlinks: kept ? "marked" : undefined,
    specials: kept,
    multipart: limits,
    copyPart: context.mayCopyParts,
    presign: config.credentials !== undefined,
    removeMany: quirks.removeManyLimit === false ? undefined : quirks.removeManyLimit,
    versions: context.mayKeepVersions,
    paces: true,
    // More gains nothing; with 16 a server close by is often waited for (docs/decisions/0004).
    concurrency: 32,
  };
}
