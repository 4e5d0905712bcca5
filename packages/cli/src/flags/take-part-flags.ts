/** What takes part in a run. */
import { age, choice, rsyncSize, size } from "../flag-values.ts";
import { EVERYWHERE, type Flag, plainText, toggle, valued } from "./flag.ts";
import type { FlagValues, RuleGiven } from "./flag-values.ts";

const STYLES = ["rsync", "rclone", "simple"] as const;

export const TAKE_PART_FLAGS: readonly Flag[] = [
  {
    ...toggle("recursive", {
      short: "r",
      help: "Go into directories (default)",
      rsyncHelp: "Go into directories",
      negatable: true,
    }),
  },
  toggle("dirs", {
    short: "d",
    negatable: true,
    help: "Take the directories themselves, empty, and do not go into them unless -r is given",
    rsyncHelp: "Without recursion: take the directories themselves, empty",
  }),
  {
    long: "old-dirs",
    also: ["old-d"],
    where: ["rsync"],
    help: "Take what is directly in directories, as --dirs with old programs did",
    set: (values) => {
      values.recursive = true;
      addRule(values, { kind: "filter", text: "- /*/*" });
    },
  },
  toggle("relative", {
    short: "R",
    negatable: true,
    where: ["rsync"],
    help: "Keep the whole path of each source at the destination, from /./ on if it is in it",
  }),
  toggle("impliedDirs", {
    also: ["i-d"],
    negatable: true,
    where: ["rsync"],
    help: "With --relative: give directories above a source their attributes (default)",
    showNegated: "With --relative: leave directories above a source as they are",
  }),
  toggle("links", {
    short: "l",
    negatable: true,
    help: "Take links as links (default)",
    rsyncHelp: "Take links as links",
  }),
  toggle("copyLinks", { short: "L", help: "Take what links point to instead of the links" }),
  toggle("copyUnsafeLinks", { help: "Take what links that point out of the source point to" }),
  toggle("safeLinks", { help: "Leave out links that point out of the source" }),
  toggle("skipLinks", { help: "Leave links out, and count them", where: EVERYWHERE }),
  toggle("copyDirlinks", {
    short: "k",
    help: "Take directories that links point to, other links as links",
  }),
  toggle("keepDirlinks", {
    short: "K",
    help: "Take a link to a directory at the destination for that directory",
  }),
  toggle("oneFileSystem", {
    short: "x",
    negatable: true,
    help: "Do not cross into other file systems",
  }),
  toggle("devices", { negatable: true, help: "Recreate devices (super-user only)" }),
  toggle("specials", { negatable: true, help: "Recreate FIFOs and sockets" }),
  {
    short: "D",
    help: "Same as --devices --specials",
    set: (values) => setDevices(values, true),
    unset: (values) => setDevices(values, false),
  },
  rule("include", "pattern", "Take what matches; the first rule that matches decides"),
  rule("exclude", "pattern", "Leave out what matches, directories with all that is in them"),
  { ...rule("filter", "rule", "Add a rule in rsync's syntax: + - P R H S . :"), short: "f" },
  rule("include-from", "file", "Take what matches the patterns in a file; - is stdin"),
  rule("exclude-from", "file", "Leave out what matches the patterns in a file; - is stdin"),
  rule(
    "filter-from",
    "file",
    "Read rules from a file: + pattern, - pattern, # comment; - is stdin",
  ),
  rule("ignore-file", "name", "Leave out what files of this name say, in .gitignore's syntax"),
  {
    short: "F",
    where: EVERYWHERE,
    help: "Same as --filter='dir-merge /.rsync-filter', twice: --filter='- .rsync-filter'",
    set: (values) => addRule(values, { kind: "F", text: "" }),
  },
  {
    long: "cvs-exclude",
    short: "C",
    where: EVERYWHERE,
    help: "Leave out what CVS ignores, and what .cvsignore files name",
    set: (values) => addRule(values, { kind: "cvs-exclude", text: "" }),
  },
  valued(
    "filterStyle",
    { value: "style", parse: (flag) => choice(flag, STYLES) },
    {
      help: "How patterns are read: rsync (default), rclone, or simple, where the order does not matter",
      where: ["transfer", "check"],
    },
  ),
  valued(
    "filesFrom",
    { value: "file", parse: plainText },
    { help: "Take only the paths that a file lists, relative to the source; - is stdin" },
  ),
  toggle("from0", {
    short: "0",
    negatable: true,
    help: "Entries of *-from files end in NUL instead of a line's end",
    where: EVERYWHERE,
  }),
  toggle("pruneEmptyDirs", {
    short: "m",
    negatable: true,
    help: "Leave out directories without any file that takes part",
  }),
  toggle("ignoreMissingArgs", {
    help: "With --files-from: paths that are listed and the source lacks are no failure",
    rsyncHelp: "Sources that do not exist are no failure",
  }),
  valued(
    "minSize",
    { value: "size", parse: size, rsync: rsyncSize },
    { help: "Leave out files that are smaller", where: EVERYWHERE },
  ),
  valued(
    "maxSize",
    { value: "size", parse: size, rsync: rsyncSize },
    { help: "Leave out files that are larger", where: EVERYWHERE },
  ),
  valued(
    "minAge",
    { value: "age", parse: age },
    { help: "Leave out files that are younger: 2h, 30d, 6M", where: EVERYWHERE },
  ),
  valued(
    "maxAge",
    { value: "age", parse: age },
    { help: "Leave out files that are older: 2h, 30d, 6M", where: EVERYWHERE },
  ),
  toggle("dirMarkers", {
    negatable: true,
    help: "Keep empty directories on stores without directories (default)",
    showNegated: "Do not keep empty directories on stores without directories",
  }),
  toggle("skipVanished", {
    help: "A source that vanishes before it was read is counted, not failed",
  }),
];

function rule(
  kind: Exclude<RuleGiven["kind"], "F" | "cvs-exclude">,
  value: string,
  help: string,
): Flag {
  const set: Flag["set"] = (values, { text }) => addRule(values, { kind, text });
  return { long: kind, value, help, set, where: EVERYWHERE };
}

function addRule(values: FlagValues, given: RuleGiven): void {
  (values.rules ??= []).push(given);
}

function setDevices(values: FlagValues, value: boolean): void {
  values.devices = value;
  values.specials = value;
}
