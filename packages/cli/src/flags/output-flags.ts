/** What is printed. */
import { EVERYWHERE, type Flag, plainText, toggle, valued } from "./flag.ts";

export const OUTPUT_FLAGS: readonly Flag[] = [
  toggle("quiet", {
    short: "q",
    help: "Only errors; with --json only the summary",
    where: EVERYWHERE,
  }),
  {
    long: "verbose",
    short: "v",
    help: "One line per change, twice: per path",
    where: EVERYWHERE,
    set: (values) => void (values.verbose = (values.verbose ?? 0) + 1),
    unset: (values) => void (values.verbose = 0),
  },
  toggle("json", {
    help: 'One JSON line per path on stdout, then one of kind "summary"',
    where: ["transfer", "check"],
  }),
  {
    long: "itemize-changes",
    short: "i",
    help: "One line per change on stdout, in rsync's 11-character form",
    set: (values) => void (values.itemizeChanges = (values.itemizeChanges ?? 0) + 1),
    unset: (values) => void (values.itemizeChanges = 0),
  },
  valued(
    "outFormat",
    { value: "format", parse: plainText },
    { also: ["log-format"], help: "One line per change in this format, with rsync's % escapes" },
  ),
  {
    long: "human-readable",
    short: "h",
    help: "Sizes such as 1.5M (default; -h alone is help)",
    rsyncHelp: "Sizes such as 1.5M; -h alone is help",
    set: (values) => void (values.humanReadable = (values.humanReadable ?? 1) + 1),
    unset: (values) => void (values.humanReadable = 0),
  },
  toggle("progress", { help: "Show progress, as plain lines where stderr is not a terminal" }),
  {
    long: "no-progress",
    help: "Never show progress",
    set: (values) => void (values.progress = false),
  },
  {
    short: "P",
    help: "Same as --partial --progress",
    set: (values) => {
      values.partial = true;
      values.progress = true;
    },
  },
  toggle("stats", { help: "Print all counts at the end" }),
  valued(
    "logFile",
    { value: "file", parse: plainText },
    { help: "Append a line per change and what was said to a file" },
  ),
  valued(
    "logFileFormat",
    { value: "format", parse: plainText },
    { help: "Format of the lines in --log-file, with rsync's % escapes" },
  ),
  {
    long: "info",
    value: "flags",
    help: "What to tell: rsync's words, such as name2,del,stats; --info=help lists them",
    set: (values, { text }) => void (values.info ??= []).push(text),
  },
  {
    long: "debug",
    value: "flags",
    help: "rsync's words; --debug=help lists them",
    set: (values, { text }) => void (values.debug ??= []).push(text),
  },
  toggle("eightBitOutput", {
    long: "8-bit-output",
    short: "8",
    negatable: true,
    where: ["rsync"],
    help: "Do not escape bytes above 127 in names",
  }),
  toggle("listOnly", { where: ["rsync"], help: "List the sources instead of copying them" }),
];

/** First of all flags in the help. */
export const DRY_RUN_FLAG: Flag = toggle("dryRun", {
  short: "n",
  help: "Say what would be done, change nothing",
});
