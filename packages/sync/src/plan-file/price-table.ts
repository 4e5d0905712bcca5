/** List prices of object stores, and the reading of a table that somebody else wrote. */
import { StorageError } from "@omnisync/storage";
import { Fields } from "./fields.ts";

export interface PriceTable {
  readonly name: string;
  /** The day as of which the prices were right, `YYYY-MM-DD`. */
  readonly asOf: string;
  /** `USD`, `EUR` … of all prices. */
  readonly currency: string;
  /** The first that fits a store's host and storage class counts. */
  readonly entries: readonly PriceEntry[];
}

export interface PriceEntry {
  readonly provider: string;
  readonly storageClass: string;
  /** Names that the endpoint's host is, or ends with after a dot. */
  readonly hosts: readonly string[];
  /** Per 1,000 requests. `put` counts for parts as well, `get` for HEAD. */
  readonly per1000: {
    readonly put: number;
    readonly copy: number;
    readonly post: number;
    readonly list: number;
    readonly get: number;
    readonly delete: number;
  };
  /** Per GiB: out of the store to the internet, and for reading from a colder class. */
  readonly perGB: { readonly egress: number; readonly retrieval: number };
  /** Days of storage that are billed at least. 0: none. */
  readonly minimumDays: number;
  readonly note?: string | undefined;
}

const AWS = ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu"];
const R2 = ["r2.cloudflarestorage.com"];
const GCS = ["storage.googleapis.com"];
const AWS_NOTE = "us-east-1; traffic within a region of AWS is free";
const GCS_NOTE = "a single region in the USA; traffic within a region of Google Cloud is free";

/**
 * List prices, first tier, USD; free allowances are not in it. `asOf` is the oldest date at which any of
 * these was last compared with a public document: R2's price page (2026-08), Google's (2026-09), Wasabi's
 * (2026-07), a guide to AWS's (2026-06). The pages of Backblaze and DigitalOcean bear no date.
 */
export const DEFAULT_PRICES: PriceTable = {
  name: "omnisync",
  asOf: "2026-06-01",
  currency: "USD",
  entries: [
    aws("STANDARD", 0.005, 0.0004, 0, 0),
    aws("INTELLIGENT_TIERING", 0.005, 0.0004, 0, 0),
    aws("STANDARD_IA", 0.01, 0.001, 0.01, 30),
    aws("ONEZONE_IA", 0.01, 0.001, 0.01, 30),
    aws("GLACIER_IR", 0.02, 0.01, 0.03, 90),
    {
      ...entry("cloudflare-r2", "STANDARD", R2, all(0.0045, 0.00036)),
      note: "traffic is free",
    },
    {
      ...entry("cloudflare-r2", "STANDARD_IA", R2, all(0.009, 0.0009)),
      perGB: { egress: 0, retrieval: 0.01 },
      minimumDays: 30,
    },
    {
      ...entry("backblaze-b2", "STANDARD", ["backblazeb2.com"], {
        ...{ put: 0, copy: 0.004, post: 0, list: 0.004, get: 0.0004, delete: 0 },
      }),
      perGB: { egress: 0.01, retrieval: 0 },
      note: "traffic is free up to three times what is stored",
    },
    {
      ...entry("wasabi", "STANDARD", ["wasabisys.com"], all(0, 0)),
      minimumDays: 90,
      note: "requests and traffic are free within fair use",
    },
    gcs("STANDARD", 0.005, 0.0004, 0, 0),
    gcs("NEARLINE", 0.01, 0.001, 0.01, 30),
    gcs("COLDLINE", 0.02, 0.01, 0.02, 90),
    gcs("ARCHIVE", 0.05, 0.05, 0.05, 365),
    {
      ...entry("digitalocean", "STANDARD", ["digitaloceanspaces.com"], all(0, 0)),
      perGB: { egress: 0.01, retrieval: 0 },
      note: "traffic of the first TiB a month is free",
    },
  ],
};

/**
 * A table from JSON text: the form of `PriceTable`.
 * @throws StorageError `invalid-argument` naming the field.
 */
export function parsePriceTable(text: string): PriceTable {
  const table = Fields.parse(text, "the price table");
  const parsed = {
    name: table.string("name"),
    asOf: table.string("asOf"),
    currency: table.string("currency"),
    entries: table.list("entries").map(parseEntry),
  };
  table.end();
  if (!/^\d{4}-\d{2}-\d{2}$/.test(parsed.asOf)) {
    throw new StorageError("invalid-argument", {
      message: `the price table: asOf: "${parsed.asOf}" is not a day, write YYYY-MM-DD`,
    });
  }
  return parsed;
}

function parseEntry(fields: Fields): PriceEntry {
  const per1000 = fields.object("per1000");
  const perGB = fields.object("perGB");
  const parsed = {
    provider: fields.string("provider"),
    storageClass: fields.string("storageClass").toUpperCase(),
    hosts: fields.strings("hosts").map((host) => host.toLowerCase()),
    per1000: {
      put: per1000.amount("put"),
      copy: per1000.amount("copy"),
      post: per1000.amount("post"),
      list: per1000.amount("list"),
      get: per1000.amount("get"),
      delete: per1000.amount("delete"),
    },
    perGB: { egress: perGB.amount("egress"), retrieval: perGB.amount("retrieval") },
    minimumDays: fields.amount("minimumDays"),
    note: fields.optional("note", "string"),
  };
  for (const part of [per1000, perGB, fields]) part.end();
  return parsed;
}

function entry(
  provider: string,
  storageClass: string,
  hosts: readonly string[],
  per1000: PriceEntry["per1000"],
): PriceEntry {
  const perGB = { egress: 0, retrieval: 0 };
  return { provider, storageClass, hosts, per1000, perGB, minimumDays: 0 };
}

/** Stores with two prices: what writes or lists, and what reads. Removing is free. */
function all(write: number, read: number): PriceEntry["per1000"] {
  return { put: write, copy: write, post: write, list: write, get: read, delete: 0 };
}

function aws(
  storageClass: string,
  write: number,
  read: number,
  retrieval: number,
  minimumDays: number,
): PriceEntry {
  // Listing has one price, whatever the class of what is listed.
  const per1000 = { ...all(write, read), list: 0.005 };
  return {
    ...entry("aws", storageClass, AWS, per1000),
    perGB: { egress: 0.09, retrieval },
    minimumDays,
    note: AWS_NOTE,
  };
}

function gcs(
  storageClass: string,
  write: number,
  read: number,
  retrieval: number,
  minimumDays: number,
): PriceEntry {
  return {
    ...entry("google-cloud-storage", storageClass, GCS, all(write, read)),
    perGB: { egress: 0.12, retrieval },
    minimumDays,
    note: GCS_NOTE,
  };
}
