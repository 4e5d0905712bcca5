/** What the server holds: objects with their versions, and uploads in progress. */
import { randomBytes } from "node:crypto";
import type { S3Response } from "./call.ts";
import type { Checksum, ChecksumAlgorithm, ChecksumType } from "./checksums.ts";
import type { Content } from "./content.ts";
import type { Encryption } from "./encryption.ts";
import type { ObjectHeaders } from "./object-headers.ts";
import { S3Error, invalidArgument } from "./s3-error.ts";
import { compareUtf8 } from "./utf8-order.ts";

export interface StoredObject {
  readonly kind: "object";
  readonly versionId: string;
  readonly content: Content;
  /** Without quotes; on the wire it always has them. */
  readonly etag: string;
  /** Milliseconds since 1970, whole seconds. */
  readonly lastModified: number;
  readonly headers: ObjectHeaders;
  readonly storageClass: string;
  readonly encryption: Encryption;
  readonly checksum: Checksum | undefined;
  /** Only of objects that were uploaded in parts. */
  readonly parts: readonly ObjectPart[] | undefined;
}

export interface ObjectPart {
  readonly number: number;
  readonly size: number;
  /** Base64, if parts of this object have checksums of their own. */
  readonly checksum: string | undefined;
}

export interface DeleteMarker {
  readonly kind: "delete-marker";
  readonly versionId: string;
  readonly lastModified: number;
}

export type Version = StoredObject | DeleteMarker;

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly initiated: number;
  /** Place of its beginning among the changes of the bucket; see `Bucket.changedSince`. */
  readonly order: number;
  readonly headers: ObjectHeaders;
  readonly storageClass: string;
  readonly encryption: Encryption;
  readonly checksum:
    | { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType }
    | undefined;
  readonly parts: Map<number, UploadedPart>;
}

export interface UploadedPart {
  readonly number: number;
  readonly content: Content;
  readonly etag: string;
  readonly md5: Buffer;
  readonly lastModified: number;
  readonly checksum: string | undefined;
}

/** `undefined`: never switched on. */
export type Versioning = "Enabled" | "Suspended" | undefined;

export class Bucket {
  readonly name: string;
  readonly created: number;
  readonly uploads: Map<string, Upload> = new Map();
  /** Answers to completed uploads, for clients that ask again. */
  readonly completed: Map<string, { readonly key: string; readonly answer: S3Response }> =
    new Map();
  versioning: Versioning;
  requesterPays: boolean;
  publicRead: boolean;
  readonly #versions = new Map<string, readonly Version[]>();
  readonly #changes = new Map<string, number>();
  #order = 0;
  #sorted: string[] | undefined;

  constructor(name: string, created: number, settings: BucketSettings = {}) {
    this.name = name;
    this.created = created;
    this.versioning = settings.versioning;
    this.requesterPays = settings.requesterPays ?? false;
    this.publicRead = settings.publicRead ?? false;
  }

  get empty(): boolean {
    return this.#versions.size === 0;
  }

  /** Every key that has a version, in UTF-8 order. The array is never changed: writes make a new one. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.#versions.keys()].sort(compareUtf8);
    return this.#sorted;
  }

  /** Newest first. */
  versions(key: string): readonly Version[] {
    return this.#versions.get(key) ?? [];
  }

  /** The object that a plain GET gives, or `undefined`. */
  current(key: string): StoredObject | undefined {
    const newest = this.versions(key)[0];
    return newest?.kind === "object" ? newest : undefined;
  }

  /** @throws `NoSuchVersion`; `InvalidArgument` for what cannot be a version id. */
  version(key: string, versionId: string): Version {
    if (!/^(?:null|[\w-]{32})$/.test(versionId)) {
      throw invalidArgument("versionId", versionId, "Invalid version id specified");
    }
    const found = this.versions(key).find((version) => version.versionId === versionId);
    if (found !== undefined) return found;
    throw new S3Error("NoSuchVersion", { details: { Key: key, VersionId: versionId } });
  }

  put(key: string, object: Omit<StoredObject, "versionId" | "kind">): StoredObject {
    const added: StoredObject = { ...object, kind: "object", versionId: this.#nextVersionId() };
    this.#add(key, added);
    return added;
  }

  /** A delete without version id: removes the object, or hides it behind a marker where versions are kept. */
  remove(key: string, now: number): DeleteMarker | undefined {
    if (this.versioning === undefined) {
      this.#set(key, []);
      return undefined;
    }
    const versionId = this.#nextVersionId();
    const marker: DeleteMarker = { kind: "delete-marker", versionId, lastModified: now };
    this.#add(key, marker);
    return marker;
  }

  removeVersion(key: string, versionId: string): void {
    this.#set(
      key,
      this.versions(key).filter((version) => version.versionId !== versionId),
    );
  }

  /** A mark to ask later whether a key has changed since. */
  nextOrder(): number {
    return ++this.#order;
  }

  changedSince(key: string, order: number): boolean {
    return (this.#changes.get(key) ?? 0) > order;
  }

  #nextVersionId(): string {
    return this.versioning === "Enabled" ? randomBytes(24).toString("base64url") : "null";
  }

  #add(key: string, added: Version): void {
    const kept = this.versions(key).filter(({ versionId }) => versionId !== added.versionId);
    this.#set(key, [added, ...kept]);
  }

  #set(key: string, versions: readonly Version[]): void {
    this.#changes.set(key, this.nextOrder());
    if (this.#versions.has(key) !== versions.length > 0) this.#sorted = undefined;
    if (versions.length > 0) this.#versions.set(key, versions);
    else this.#versions.delete(key);
  }
}

export interface BucketSettings {
  /** Default: never switched on. */
  readonly versioning?: Versioning;
  /** Refuse whoever does not send `x-amz-request-payer: requester`. Default false. */
  readonly requesterPays?: boolean | undefined;
  /** Let anybody list and read without a signature. Default false. */
  readonly publicRead?: boolean | undefined;
  /** The bucket lies in another region: every request is answered with 301 and this place. */
  readonly movedTo?: { readonly region: string; readonly endpoint: string } | undefined;
}
