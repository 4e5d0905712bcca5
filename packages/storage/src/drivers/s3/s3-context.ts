/** What the parts of the driver share: configuration, client, keys, and what is known of the store. */
import type { CallOptions, ConditionOptions, WriteOptions } from "../../driver.ts";
import { StorageError, throwIfAborted } from "../../errors.ts";
import { checkWrite } from "../../lib/check-write.ts";
import { checkPath, joinPath } from "../../path.ts";
import type { IntegrityPolicy } from "./checksums.ts";
import { readProbe, writeProbe } from "./probe-cache.ts";
import { Probe } from "./probe.ts";
import type { EtagFacts } from "./s3-attributes.ts";
import type { S3Client } from "./s3-client.ts";
import type { S3Config } from "./s3-config.ts";
import { type FixedHeaders, encryptsBeyondMd5, fixedHeaders } from "./s3-headers.ts";
import {
  type ConditionName,
  type StoreFacts,
  conditionHeaders,
  conditionOf,
  factsOf,
  fillFacts,
  isSettled,
} from "./store-facts.ts";
import { Unattended } from "./unattended.ts";
import { untilAborted } from "./until-aborted.ts";

/** Longest key, bytes of UTF-8. */
export const MAX_KEY = 1024;
/** How long what is left unattended has when the driver is closed, milliseconds. */
const LEAVING = 2000;

interface Shared {
  facts: StoreFacts;
  /** Whether an answer showed that ETags are no MD5s because of how the bucket encrypts. */
  hidesMd5: boolean;
  probing: Promise<StoreFacts> | undefined;
  recalled: boolean;
}

/** By store: what one driver has found out, all of this process know. */
const stores = new Map<string, Shared>();

export class S3Context {
  readonly config: S3Config;
  readonly client: S3Client;
  readonly headers: FixedHeaders;
  readonly integrity: IntegrityPolicy;
  /** Whether GET and HEAD ask for the checksums that the store keeps. */
  asksChecksums: boolean;
  readonly #cacheFile: string | undefined;
  readonly #storeId: string;
  readonly #shared: Shared;
  #denied = false;
  #closed = false;
  readonly #leaving = new AbortController();
  readonly #unattended = new Unattended();

  constructor(config: S3Config, client: S3Client, cacheFile: string | undefined) {
    const { endpoint, bucket, profile, checksum } = config;
    this.config = config;
    this.client = client;
    this.headers = fixedHeaders(config);
    this.integrity = {
      checksum: checksum === "auto" ? profile.quirks.checksum : checksum,
      explicit: checksum !== "auto" && checksum !== "none",
      secure: endpoint.startsWith("https:"),
    };
    this.asksChecksums = profile.quirks.checksum === "crc32";
    this.#cacheFile = cacheFile;
    this.#storeId = `${profile.name} ${endpoint}/${bucket}`;
    const fresh = {
      facts: factsOf(profile.quirks),
      hidesMd5: false,
      probing: undefined,
      recalled: false,
    };
    this.#shared = stores.get(this.#storeId) ?? fresh;
    stores.set(this.#storeId, this.#shared);
  }

  /** The checks that every method begins with; gives the key. */
  begin(path: string, options: CallOptions, allow: { readonly root?: boolean } = {}): string {
    if (this.#closed) throw new StorageError("closed", { path });
    checkPath(path, allow);
    throwIfAborted(options.signal, path);
    const key = this.keyOf(path);
    if (key.length * 3 > MAX_KEY && Buffer.byteLength(key) > MAX_KEY) throw tooLong(path);
    return key;
  }

  /** As `begin`, of a call that writes something. */
  beginWrite(path: string, options: WriteOptions, allow?: { readonly root?: boolean }): string {
    const key = this.begin(path, options, allow);
    checkWrite(path, options);
    return key;
  }

  keyOf(path: string): string {
    return joinPath(this.config.root, path);
  }

  /** Work that nobody waits for but `close`, for a while. @param left See `Unattended`. */
  keep(work: Promise<unknown>, left: () => string | undefined): void {
    this.#unattended.add(work, left);
  }

  /** The key of a directory's marker. */
  markerKey(path: string, key: string): string {
    if (Buffer.byteLength(key) >= MAX_KEY) throw tooLong(path);
    return `${key}/`;
  }

  /** What every key below a directory begins with. */
  prefix(key: string): string {
    return key === "" ? "" : `${key}/`;
  }

  /** The path of a key, which lies under the root. */
  pathOf(key: string): string {
    const { root } = this.config;
    return root === "" ? key : key.slice(root.length + 1);
  }

  get facts(): StoreFacts {
    return this.#shared.facts;
  }

  /** Whether writing was tried and forbidden: what was left open counts as not honoured then. */
  get denied(): boolean {
    return this.#denied;
  }

  get etagFacts(): EtagFacts {
    const { etagIsMd5, multipartEtagIsMd5 } = this.facts;
    return { etagIsMd5: etagIsMd5 === true, multipartEtagIsMd5: multipartEtagIsMd5 === true };
  }

  /** Whether a condition may be used: it is honoured, or nobody has tried yet. */
  allows(name: ConditionName): boolean {
    const known = this.facts.conditions[name];
    return known === "probe" ? !this.#denied : known;
  }

  /** Whether the bucket keeps versions, or nobody has asked it yet. */
  get mayKeepVersions(): boolean {
    return this.facts.versions !== false;
  }

  /** Whether listings come in byte order of the keys, and so can begin anywhere. */
  get listsInOrder(): boolean {
    return this.config.profile.quirks.orderedList && !this.config.unorderedList;
  }

  get mayCopyParts(): boolean {
    return this.facts.copyPart !== false;
  }

  /** Whether the ETags of what is written will be no MD5s, for encryption. */
  get hidesMd5(): boolean {
    return this.#shared.hidesMd5 || encryptsBeyondMd5(this.config);
  }

  /** An answer showed that. */
  learnHidden(): void {
    this.#shared.hidesMd5 = true;
  }

  /** An answer showed something by the way. */
  learn(fact: Partial<Pick<StoreFacts, "etagIsMd5" | "multipartEtagIsMd5" | "versions">>): void {
    this.#shared.facts = { ...this.facts, ...fact };
  }

  /**
   * The headers of a call's condition on what lies at `path`.
   * @throws StorageError `unsupported` if the store does not honour it, before anything is sent.
   */
  async condition(
    path: string,
    options: ConditionOptions,
    as?: "complete" | "copyTarget" | "remove",
  ): Promise<readonly string[]> {
    const condition = conditionOf(path, options);
    if (condition === undefined) return [];
    await this.require(path, as ?? condition, options.signal);
    return conditionHeaders(options, this.facts);
  }

  /** @throws StorageError `unsupported` if the store does not honour the condition; probes on first use. */
  async require(path: string, name: ConditionName, signal: AbortSignal | undefined): Promise<void> {
    const { conditions, etagQuoting } = this.facts;
    const open = conditions[name] === "probe" || (conditions[name] && etagQuoting === "probe");
    if (open && !this.#denied) await this.settle(signal);
    if (this.facts.conditions[name] === true) return;
    throw new StorageError("unsupported", {
      path,
      message: `the store does not honour this condition (${name})`,
    });
  }

  /** Takes over what an earlier run has found out. Sends nothing. */
  async recall(): Promise<void> {
    const shared = this.#shared;
    if (shared.recalled || this.#cacheFile === undefined) return;
    const found = await readProbe(this.#cacheFile, this.#storeId);
    shared.recalled = true;
    if (found !== undefined) shared.facts = fillFacts(shared.facts, found);
  }

  /** Finds out what is still open, by writing to the store under `.omnisync/`, and remembers it. */
  async settle(signal: AbortSignal | undefined): Promise<void> {
    await this.recall();
    if (this.#denied || isSettled(this.facts)) return;
    const shared = this.#shared;
    // One probe for all who wait; each of them may stop waiting.
    if (shared.probing === undefined) {
      shared.probing = this.#probe().finally(() => (shared.probing = undefined));
    }
    try {
      await untilAborted(shared.probing, signal);
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== "permission-denied") throw error;
      this.#denied = true;
    }
  }

  /** Finds out whether ETags are MD5s, by one small object. */
  async settleEtag(signal: AbortSignal | undefined): Promise<void> {
    const probe = new Probe(this, this.#leaving.signal);
    const etagIsMd5 = await untilAborted(this.#kept(probe, probe.etag()), signal);
    if (etagIsMd5 !== "probe") this.learn({ etagIsMd5 });
  }

  /** @throws StorageError for an upload that nobody could clear away in time, after everything is closed. */
  async close(): Promise<void> {
    const isFirst = !this.#closed;
    this.#closed = true;
    this.#leaving.abort();
    await this.#unattended.end(LEAVING);
    await this.client.close();
    const left = isFirst ? this.#unattended.left() : undefined;
    if (left !== undefined) throw left;
  }

  #kept<T>(probe: Probe, work: Promise<T>): Promise<T> {
    this.keep(work, () => probe.left);
    return work;
  }

  async #probe(): Promise<StoreFacts> {
    const probe = new Probe(this, this.#leaving.signal);
    const found = await this.#kept(probe, probe.run());
    this.#shared.facts = fillFacts(this.facts, found);
    if (this.#cacheFile !== undefined) {
      // Who switches versions on must not wait until this is forgotten.
      const versions = this.facts.versions === true ? true : "probe";
      await writeProbe(this.#cacheFile, this.#storeId, { ...this.facts, versions });
    }
    return this.facts;
  }
}

function tooLong(path: string): StorageError {
  return new StorageError("name-too-long", {
    path,
    message: `a key, with the prefix of the root, has at most ${MAX_KEY} bytes`,
  });
}
