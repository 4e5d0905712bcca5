/** The form in which a provider of the S3 protocol is described. The table is `provider-table.ts`. */

/** `true` and `false` are documented by the provider or were measured; `probe`: nobody knows until tried. */
export type Probed = boolean | "probe";

export interface ProviderProfile {
  /** Lower case; what `--s3-provider` takes. */
  readonly name: string;
  /** Name for people. */
  readonly label: string;
  /** Other names that `--s3-provider` takes, in lower case. */
  readonly aliases: readonly string[];
  /**
   * Endpoint with `{region}` and `{account}` to fill in. `undefined`: everybody has their own, so
   * the endpoint must be given.
   */
  readonly endpoint: string | undefined;
  /** Regions whose endpoint does not follow the pattern. */
  readonly regionEndpoints: Readonly<Record<string, string>>;
  /** Regions known when this was written; others are passed on as they are given. */
  readonly regions: readonly string[];
  /** Region when none is given. `undefined`: it must be given where the endpoint needs one. */
  readonly defaultRegion: string | undefined;
  /**
   * `path` and `virtual`: the provider takes only this form, or takes it more reliably. `auto`:
   * virtual, except where a certificate or a name server cannot follow.
   */
  readonly addressing: "path" | "virtual" | "auto";
  /** Suffixes of host names by which an endpoint is recognised; `*` stands for a piece of a label. */
  readonly hosts: readonly string[];
  readonly quirks: ProviderQuirks;
}

/** In what a provider differs from AWS. The defaults are those of `other`, an unknown provider. */
export interface ProviderQuirks {
  /**
   * Which preconditions are honoured, each by itself; see `Conditions`. Default `probe`.
   * A store that ignores one silently loses writes, so what is not certain is tried out first.
   */
  readonly conditions: ProviderConditions;
  /**
   * How `If-Match` takes an ETag: in quotes, as HTTP and AWS have it, or bare, as Ceph RGW up to
   * 16 does, which answers 412 to the quoted form for ever. Default `probe`.
   */
  readonly etagQuoting: "quoted" | "unquoted" | "probe";
  /**
   * Checksum sent with bodies unless the user names another: `crc32` as `x-amz-checksum-crc32`,
   * `md5` as `Content-MD5`, which every server knows. Default `md5`; a provider that does not know
   * the newer headers refuses them (B2, OSS, COS) or ignores them (Ceph), and then nothing checks.
   */
  readonly checksum: "crc32" | "md5" | "none";
  /**
   * The ETag of an object sent in one piece, without KMS or customer keys, is its MD5.
   * Default `probe`. If false an ETag only says "changed or not".
   */
  readonly etagIsMd5: Probed;
  /**
   * The ETag of an object sent in parts is the MD5 of the parts' MD5s and `-<parts>`.
   * Default `probe`. If false a local file cannot be compared by it.
   */
  readonly multipartEtagIsMd5: Probed;
  /** `UploadPartCopy` with a range. Default `probe`. Without it deltas and large copies are uploads. */
  readonly copyPart: Probed;
  /** Most keys in one `DeleteObjects`; false: there is none, and each object is deleted by itself. Default 1000. */
  readonly removeManyLimit: number | false;
  /** `DeleteObjects` is refused without `Content-MD5` (Swift, older Ceph). Default true: nobody minds it. */
  readonly removeManyMd5: boolean;
  /** Most parts of an upload. Default 10,000. */
  readonly maxParts: number;
  /** Largest part, and largest object in one PUT, bytes. Default 5 GiB. */
  readonly maxPartSize: number;
  /** Smallest part but the last, bytes. Default 5 MiB. */
  readonly minPartSize: number;
  /** All parts but the last must be of one size (R2). Default false. Rules out shifted part copies. */
  readonly equalPartSizes: boolean;
  /** `ListObjectsV2`. Default `probe`. Without it the older listing, by marker. */
  readonly listV2: Probed;
  /**
   * Listings come in byte order of the keys. Default true, as the protocol has it. Where a listing is not what
   * it should be the engine refuses it; false has it sorted instead, and never begun in the middle.
   */
  readonly orderedList: boolean;
  /** Largest object, bytes. Default 5 TiB. */
  readonly maxObjectSize: number;
  /**
   * `encoding-type=url` in listings. Default `probe`. Without it a key with a control character
   * makes the XML of its page unreadable; with it asked for and ignored, keys must not be decoded.
   */
  readonly urlEncodingList: Probed;
}

export interface ProviderConditions {
  /** PUT with `If-None-Match: *`. */
  readonly create: Probed;
  /** PUT with `If-Match`. */
  readonly replace: Probed;
  /** DELETE with `If-Match`. */
  readonly remove: Probed;
  /** `x-amz-copy-source-if-match` of CopyObject. */
  readonly copySource: Probed;
  /** The same of UploadPartCopy, where Ceph RGW 16 ignores it. */
  readonly partSource: Probed;
  /** CompleteMultipartUpload with either. */
  readonly complete: Probed;
}
