/** How much a run may use and do, and in which order. */
import { choice, rate, rsyncRate, seconds, size, duration, wholeNumber } from "../flag-values.ts";
import { parseStopAt } from "./stop-at.ts";
import { EVERYWHERE, type Flag, plainText, toggle, valued } from "./flag.ts";

const MAX_JOBS = 1024;
const MANY: number = Number.MAX_SAFE_INTEGER;
const ORDERS = ["listed", "smallest", "largest", "oldest", "newest"] as const;

export const LIMIT_FLAGS: readonly Flag[] = [
  valued(
    "jobs",
    { value: "n", parse: (flag) => wholeNumber(flag, 1, MAX_JOBS) },
    {
      short: "j",
      also: ["transfers"],
      help: "Files in work at once (default: what both stores like)",
      where: EVERYWHERE,
    },
  ),
  valued(
    "checkers",
    { value: "n", parse: (flag) => wholeNumber(flag, 1, MAX_JOBS) },
    { help: "Paths looked at at once (default: as many as --jobs)" },
  ),
  valued(
    "bwlimit",
    { value: "rate", parse: rate, rsync: rsyncRate },
    {
      negatable: true,
      help: "Bytes per second over all transfers: 512B, 100K, 5M; a plain number counts KiB",
    },
  ),
  valued(
    "order",
    { value: "order", parse: (flag) => choice(flag, ORDERS) },
    { help: "What to begin with, of what is listed: listed, smallest, largest, oldest, newest" },
  ),
  {
    long: "priority",
    value: "pattern",
    help: "Begin with files that match; may be repeated",
    set: (values, { text }) => void (values.priority ??= []).push(text),
  },
  valued(
    "tpslimit",
    { value: "n", parse: (flag) => wholeNumber(flag, 1, MANY) },
    { help: "Requests per second to each store: objects, pages of listings, parts" },
  ),
  valued(
    "tpslimitBurst",
    { value: "n", parse: (flag) => wholeNumber(flag, 1, MANY) },
    { help: "With --tpslimit: requests that may come at once after a pause (default: 1)" },
  ),
  toggle("adaptive", {
    negatable: true,
    help: "Halve the requests at once when a store asks for fewer, then grow again (default)",
    showNegated: "Do not send fewer requests at once when a store asks for fewer",
  }),
  valued(
    "hookBefore",
    { value: "command", parse: plainText },
    { help: "Run a shell command before each file; if it fails, the file is not transferred" },
  ),
  valued(
    "hookAfter",
    { value: "command", parse: plainText },
    { help: "Run a shell command after each file; if it fails, the file counts as failed" },
  ),
  valued(
    "hookTimeout",
    { value: "duration", parse: duration },
    { help: "How long a hook may take (default: 60s)" },
  ),
  valued(
    "maxTransfer",
    { value: "size", parse: size },
    { help: "Begin no transfer that would take the sum above this" },
  ),
  valued(
    "maxDuration",
    { value: "duration", parse: duration },
    { help: "Begin no transfer after this time" },
  ),
  {
    long: "stop-after",
    also: ["time-limit"],
    value: "minutes",
    help: "Begin no transfer after so many minutes",
    set: (values, { text, flag }) =>
      void (values.maxDuration = wholeNumber(flag, 1, 60 * 24 * 366)(text) * 60_000),
  },
  {
    long: "stop-at",
    value: "time",
    help: "Begin no transfer after this time: 2026-12-31T23:59, 23:59",
    set: (values, { text, flag }) =>
      void (values.maxDuration = parseStopAt(flag, text, new Date()) - Date.now()),
  },
  valued(
    "maxErrors",
    { value: "n", parse: (flag) => wholeNumber(flag, 0, MANY) },
    { help: "End the run at the first failure beyond this number" },
  ),
  valued(
    "timeout",
    { value: "seconds", parse: seconds },
    {
      negatable: true,
      help: "Give up a request after so long without a byte; 0 leaves it to the store (60)",
    },
  ),
  valued(
    "contimeout",
    { value: "seconds", parse: seconds },
    { negatable: true, help: "Give up connecting after so long; 0 leaves it to the store" },
  ),
  toggle("attributeCache", {
    negatable: true,
    help: "Remember attributes of remote objects between runs (default)",
    showNegated: "Do not remember attributes of remote objects between runs",
    where: EVERYWHERE,
  }),
];
