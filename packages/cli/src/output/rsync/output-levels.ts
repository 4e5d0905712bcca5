/** `--info` and `--debug`: which kinds of messages are wanted, and how much of each. */
import { RsyncError } from "../../rsync/rsync-error.ts";

const INFO_HELP = {
  BACKUP: "Mention files backed up",
  COPY: "Mention files copied locally on the receiving side",
  DEL: "Mention deletions on the receiving side",
  FLIST: "Mention file-list receiving/sending (levels 1-2)",
  MISC: "Mention miscellaneous information (levels 1-2)",
  MOUNT: "Mention mounts that were found or skipped",
  NAME: "Mention 1) updated file/dir names, 2) unchanged names",
  NONREG: "Mention skipped non-regular files (default 1, 0 disables)",
  PROGRESS: "Mention 1) per-file progress or 2) total transfer progress",
  REMOVE: "Mention files removed on the sending side",
  SKIP: "Mention files skipped due to transfer overrides (levels 1-2)",
  STATS: "Mention statistics at end of run (levels 1-3)",
  SYMSAFE: "Mention symlinks that are unsafe",
} as const;

/** Taken and without effect: they are about the insides of rsync. */
const DEBUG_WORDS = [
  "ACL",
  "BACKUP",
  "BIND",
  "CHDIR",
  "CONNECT",
  "CMD",
  "DEL",
  "DELTASUM",
  "DUP",
  "EXIT",
  "FILTER",
  "FLIST",
  "FUZZY",
  "GENR",
  "HASH",
  "HLINK",
  "ICONV",
  "IO",
  "NSTR",
  "OWN",
  "PROTO",
  "RECV",
  "SEND",
  "TIME",
] as const;

type InfoWord = keyof typeof INFO_HELP;
export type InfoLevels = Readonly<Record<InfoWord, number>>;

const INFO_WORDS = Object.keys(INFO_HELP) as readonly InfoWord[];
const MOST = 4;

/** What `-v` and `-vv` stand for. */
const BY_VERBOSITY: readonly string[] = [
  "NONREG",
  "COPY,DEL,FLIST,MISC,NAME,STATS,SYMSAFE",
  "BACKUP,MISC2,MOUNT,NAME2,REMOVE,SKIP",
];

/** Levels from verbosity and further defaults, then from what the user says, which wins. @throws RsyncError */
export function infoLevels(
  verbosity: number,
  defaults: readonly string[],
  given: readonly string[],
): InfoLevels {
  const levels = Object.fromEntries(INFO_WORDS.map((word) => [word, 0])) as Record<
    InfoWord,
    number
  >;
  const all = [...BY_VERBOSITY.slice(0, verbosity + 1), ...defaults, ...given];
  for (const text of all) {
    for (const { word, level } of parseWords(text, "--info", INFO_WORDS)) levels[word] = level;
  }
  return levels;
}

/** @throws RsyncError for a word that rsync does not know. */
export function checkDebugWords(given: readonly string[]): void {
  for (const text of given) parseWords(text, "--debug", DEBUG_WORDS);
}

/** Whether the help of the words is asked for. */
export function asksForHelp(given: readonly string[] | undefined): boolean {
  return given?.some((text) => text.toLowerCase().split(",").includes("help")) ?? false;
}

/** The answer to `--info=help`. */
export function infoHelp(): readonly string[] {
  return [
    "Use OPT or OPT1 for level 1 output, OPT2 for level 2, etc.; OPT0 silences.",
    "",
    ...INFO_WORDS.map((word) => `${word.padEnd(10)} ${INFO_HELP[word]}`),
    "",
    "ALL        Set all --info options (e.g. all4)",
    "NONE       Silence all --info options (same as all0)",
    "HELP       Output this help message",
    "",
    "Options added at each level of verbosity:",
    ...BY_VERBOSITY.map((words, level) => `${level}) ${words}`),
  ];
}

/** The answer to `--debug=help`. */
export function debugHelp(): readonly string[] {
  return ["These words are taken and have no effect:", "", ...DEBUG_WORDS, "ALL", "NONE", "HELP"];
}

function parseWords<Word extends string>(
  text: string,
  flag: string,
  words: readonly Word[],
): readonly { readonly word: Word; readonly level: number }[] {
  return text
    .split(",")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [, name = "", digits] = /^(.+?)(\d*)$/.exec(part) ?? [];
      const upper = name.toUpperCase();
      const level = upper === "NONE" ? 0 : Math.min(digits ? Number(digits) : 1, MOST);
      if (upper === "ALL" || upper === "NONE") return words.map((word) => ({ word, level }));
      const word = words.find((one) => one === upper);
      if (word === undefined) throw new RsyncError("syntax", `Unknown ${flag} item: "${name}"`);
      return [{ word, level }];
    });
}
