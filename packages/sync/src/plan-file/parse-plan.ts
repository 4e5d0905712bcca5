/** Lines of a plan back into what they stand for. Every field is checked, unknown ones are refused. */
import { type Attributes, HASH_NAMES, StorageError, pathProblem } from "@omnisync/storage";
import type { Reason, Strategy } from "../events.ts";
import type { Withheld } from "../report.ts";
import { parseCarriedOptions } from "./carried-options.ts";
import { NO_REQUESTS, type RequestCounts } from "./count-requests.ts";
import type { Fields } from "./fields.ts";
import {
  PLAN_FORMAT,
  PLAN_VERSION,
  type PlanHeader,
  type PlanTotals,
  type PlannedPlace,
} from "./plan-header.ts";
import {
  ACTION_KINDS,
  PHASES,
  type PlannedAction,
  type PlannedEntry,
  type Preconditions,
} from "./planned-action.ts";
import type { Cost, SideCost } from "./price-of.ts";

/** A header whose format and version were found right. @throws StorageError `invalid-argument`, as all here. */
export function parseHeader(fields: Fields): PlanHeader {
  const requests = fields.object("requests");
  const header: PlanHeader = {
    format: PLAN_FORMAT,
    version: PLAN_VERSION,
    created: fields.string("created"),
    source: parsePlace(fields.object("source")),
    destination: parsePlace(fields.object("destination")),
    options: parseCarriedOptions(fields.object("options")),
    totals: parseTotals(fields.object("totals")),
    requests: {
      source: parseRequests(requests.object("source")),
      destination: parseRequests(requests.object("destination")),
    },
    cost: parseCost(fields.object("cost")),
  };
  requests.end();
  fields.end();
  return header;
}

export function parseAction(fields: Fields): PlannedAction {
  const conditions = fields.object("preconditions");
  const action: PlannedAction = {
    phase: fields.choice("phase", PHASES),
    action: fields.choice("action", ACTION_KINDS),
    path: parsePath(fields.string("path")),
    reason: fields.has("reason") ? fields.choice("reason", REASONS) : undefined,
    size: fields.count("size"),
    strategy: fields.has("strategy") ? fields.choice("strategy", STRATEGIES) : undefined,
    attributes: fields.has("attributes") ? parseAttributes(fields.object("attributes")) : undefined,
    preconditions: {
      source: parseSide(conditions, "source"),
      destination: parseSide(conditions, "destination"),
    },
  };
  conditions.end();
  fields.end();
  return action;
}

// Total, so that a word which the engine learns is one that plans can be read with.
const REASONS: readonly Reason[] = wordsOf<Reason>({
  new: true,
  size: true,
  mtime: true,
  checksum: true,
  type: true,
  mode: true,
  owner: true,
  group: true,
  acl: true,
  xattrs: true,
  forced: true,
  "hard-link": true,
  "not-shorter": true,
  vanished: true,
  target: true,
  same: true,
  "newer-at-destination": true,
  exists: true,
  "not-existing": true,
  limits: true,
  extra: true,
  moved: true,
});
const STRATEGIES: readonly Strategy[] = wordsOf<Strategy>({
  "server-copy": true,
  whole: true,
  stream: true,
  multipart: true,
  ranges: true,
});
const WITHHELD: readonly Withheld[] = wordsOf<Withheld>({
  failures: true,
  "incomplete-listing": true,
  "empty-source": true,
  "too-many-deletes": true,
  "ended-early": true,
});
const KINDS = ["file", "directory", "symlink", "other"] as const;

function wordsOf<Word extends string>(words: Readonly<Record<Word, true>>): readonly Word[] {
  return Object.keys(words) as Word[];
}

function parsePath(path: string): string {
  const problem = pathProblem(path, true);
  if (problem === undefined) return path;
  throw new StorageError("invalid-argument", {
    path,
    message: `the plan names no path: ${problem}`,
  });
}

function parsePlace(fields: Fields): PlannedPlace {
  const open = fields.has("open") ? fields.object("open") : undefined;
  const place: PlannedPlace = {
    driver: fields.string("driver"),
    id: fields.string("id"),
    path: parsePath(fields.string("path")),
    open: open && Object.fromEntries(open.names().map((name) => [name, scalar(open, name)])),
  };
  fields.end();
  return place;
}

function scalar(fields: Fields, name: string): string | number | boolean {
  const value = fields.raw(name);
  if (typeof value === "number" || typeof value === "boolean") return value;
  return fields.string(name);
}

function parseTotals(fields: Fields): PlanTotals {
  const totals = {
    actions: fields.count("actions"),
    files: fields.count("files"),
    created: fields.count("created"),
    replaced: fields.count("replaced"),
    bytes: fields.count("bytes"),
    bytesServerCopied: fields.count("bytesServerCopied"),
    directories: fields.count("directories"),
    links: fields.count("links"),
    attributes: fields.count("attributes"),
    removals: fields.count("removals"),
    bytesRemoved: fields.count("bytesRemoved"),
    sourcesRemoved: fields.count("sourcesRemoved"),
    unchanged: fields.count("unchanged"),
    skipped: fields.count("skipped"),
    ignored: fields.count("ignored"),
    failed: fields.count("failed"),
    withheldCount: fields.count("withheldCount"),
    withheld: fields.has("withheld") ? fields.choice("withheld", WITHHELD) : undefined,
  };
  fields.end();
  return totals;
}

function parseRequests(fields: Fields): RequestCounts {
  const names = Object.keys(NO_REQUESTS) as (keyof RequestCounts)[];
  const counts = Object.fromEntries(names.map((name) => [name, fields.count(name)]));
  fields.end();
  return { ...NO_REQUESTS, ...counts };
}

function parseCost(fields: Fields): Cost {
  const table = fields.object("table");
  fields.raw("estimate");
  const cost: Cost = {
    estimate: true,
    total: fields.has("total") ? fields.amount("total") : undefined,
    currency: fields.string("currency"),
    table: { name: table.string("name"), asOf: table.string("asOf") },
    source: parseSideCost(fields.object("source")),
    destination: parseSideCost(fields.object("destination")),
  };
  table.end();
  fields.end();
  return cost;
}

function parseSideCost(fields: Fields): SideCost {
  const side = {
    priced: fields.string("priced"),
    requests: fields.optional("requests", "number"),
    traffic: fields.optional("traffic", "number"),
    note: fields.optional("note", "string"),
  };
  fields.end();
  return side;
}

function parseSide(fields: Fields, name: keyof Preconditions): PlannedEntry | "absent" | undefined {
  if (!fields.has(name)) return undefined;
  return fields.raw(name) === "absent" ? "absent" : parseEntry(fields.object(name));
}

function parseEntry(fields: Fields): PlannedEntry {
  const hashes = fields.has("hashes") ? fields.object("hashes") : undefined;
  const entry: PlannedEntry = {
    kind: fields.choice("kind", KINDS),
    size: fields.count("size"),
    mtime: fields.optional("mtime", "number"),
    storedAt: fields.optional("storedAt", "number"),
    mode: fields.has("mode") ? fields.count("mode") : undefined,
    etag: fields.optional("etag", "string"),
    hashes:
      hashes &&
      Object.fromEntries(
        HASH_NAMES.filter((name) => hashes.has(name)).map((name) => [name, hashes.string(name)]),
      ),
    linkTarget: fields.optional("linkTarget", "string"),
    ...(fields.optional("complete", "boolean") === false ? { complete: false } : {}),
  };
  hashes?.end();
  fields.end();
  return entry;
}

/** Total, so that what directories are given one day can be read as well. */
function parseAttributes(fields: Fields): Attributes {
  const attributes: Required<Omit<Attributes, "contentType" | "metadata" | "hardLink">> = {
    mtime: fields.optional("mtime", "number"),
    mode: fields.has("mode") ? fields.count("mode") : undefined,
    uid: fields.has("uid") ? fields.count("uid") : undefined,
    gid: fields.has("gid") ? fields.count("gid") : undefined,
    user: fields.optional("user", "string"),
    group: fields.optional("group", "string"),
    xattrs: fields.has("xattrs") ? parseTexts(fields.object("xattrs")) : undefined,
    acl: fields.optional("acl", "string"),
    defaultAcl: fields.optional("defaultAcl", "string"),
  };
  fields.end();
  return attributes;
}

function parseTexts(fields: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(fields.names().map((name) => [name, fields.string(name)]));
}
