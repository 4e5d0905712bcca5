/** All that a running server knows. */
import type { AuthSettings, Credentials } from "./auth.ts";
import { Bucket } from "./bucket.ts";
import type { BucketSettings } from "./bucket.ts";

/** Bytes, except `maxParts`. The defaults are AWS's; lower them to meet the limits with small objects. */
export interface Limits {
  /** Default 5 GiB. */
  readonly maxPutSize: number;
  /** Of the source of CopyObject and of the range of UploadPartCopy. Default 5 GiB. */
  readonly maxCopySize: number;
  /** Of every part but the last; judged at CompleteMultipartUpload. Default 5 MiB. */
  readonly minPartSize: number;
  /** Default 5 GiB. */
  readonly maxPartSize: number;
  /** Highest part number. Default 10,000. */
  readonly maxParts: number;
  /** Default 50 TB (10,000 parts of 5 GiB). */
  readonly maxObjectSize: number;
}

const GiB = 2 ** 30;

export const awsLimits: Limits = {
  maxPutSize: 5 * GiB,
  maxCopySize: 5 * GiB,
  minPartSize: 5 * 2 ** 20,
  maxPartSize: 5 * GiB,
  maxParts: 10_000,
  maxObjectSize: 10_000 * 5 * GiB,
};

export interface StateSettings {
  readonly region: string;
  readonly credentials: readonly Credentials[];
  readonly limits: Limits;
  readonly shortPages: boolean;
  readonly scrambledLists: boolean;
  readonly completeRepeat: "same-answer" | "no-such-upload";
  readonly discardBodies: boolean;
  readonly now: () => number;
  readonly buckets: Readonly<Record<string, BucketSettings>>;
}

export class ServerState {
  readonly settings: StateSettings;
  readonly buckets: Map<string, Bucket> = new Map();
  readonly moved: Map<string, { readonly region: string; readonly endpoint: string }> = new Map();
  #pages = 0;

  constructor(settings: StateSettings) {
    this.settings = settings;
    for (const [name, bucket] of Object.entries(settings.buckets)) {
      if (bucket.movedTo !== undefined) this.moved.set(name, bucket.movedTo);
      else this.buckets.set(name, new Bucket(name, this.now(), bucket));
    }
  }

  get auth(): AuthSettings {
    return this.settings;
  }

  get limits(): Limits {
    return this.settings.limits;
  }

  /** Milliseconds since 1970, whole seconds: S3 has no finer times. */
  now(): number {
    return Math.floor(this.settings.now() / 1000) * 1000;
  }

  /** How many of the asked-for entries a page of a listing may hold. */
  pageSize(asked: number): number {
    if (!this.settings.shortPages || asked < 2) return asked;
    return Math.ceil(asked / (2 + (this.#pages++ % 3)));
  }
}
