/** What is removed, and what is put aside. */
import { wholeNumber, rsyncMaxDelete } from "../flag-values.ts";
import { type Flag, type FlagDetails, plainText, toggle, valued } from "./flag.ts";
import type { DeleteValues } from "./flag-values.ts";

type Timing = NonNullable<DeleteValues["deleteTimings"]>[number];

/** Of `sync` and rsync; the other commands remove no extras. */
export const DELETE_FLAGS: readonly Flag[] = [
  toggle("delete", { help: "Remove from the destination what the source does not have" }),
  timing("before", "Remove extras before the first transfer"),
  {
    ...timing("during", "Remove each directory's extras when it has been listed", ["del"]),
    rsyncHelp: "Remove each directory's extras when it has been listed (default)",
  },
  timing("delay", "Find extras during the run, remove them at its end"),
  {
    ...timing("after", "Remove extras at the end, and only if nothing failed (default)"),
    rsyncHelp: "Remove extras at the end, and only if nothing failed",
  },
  {
    ...toggle("deleteExcluded", { help: "Remove what the filters leave out, too" }),
    set: (values) => {
      values.delete = true;
      values.deleteExcluded = true;
    },
  },
  valued(
    "maxDelete",
    {
      value: "n",
      parse: (flag) => wholeNumber(flag, 0, Number.MAX_SAFE_INTEGER),
      rsync: rsyncMaxDelete,
    },
    {
      help: "With --delete: remove nothing at all if it would be more than this",
      rsyncHelp: "With --delete: stop removing at this many",
    },
  ),
  toggle("ignoreErrors", {
    negatable: true,
    help: "Remove extras even though something failed",
  }),
  toggle("deleteMissingArgs", {
    help: "With --files-from: remove from the destination what is listed and the source lacks",
    rsyncHelp: "Remove from the destination what sources that do not exist would have become",
  }),
  toggle("allowEmptySource", {
    help: "With --delete: let an empty source empty the destination",
    rsyncHelp: "Taken, without effect: an empty source may always empty the destination",
  }),
];

/** Of all transfers. */
export const KEEP_FLAGS: readonly Flag[] = [
  toggle("force", {
    negatable: true,
    help: "A directory that a file replaces goes with all that is in it",
  }),
  toggle("backup", { short: "b", negatable: true, help: "Keep what is replaced or removed" }),
  {
    long: "backup-dir",
    value: "dir",
    help: "Keep it there, under its path; relative to the destination",
    set: (values, { text }) => {
      values.backup = true;
      values.backupDir = text;
    },
  },
  valued(
    "suffix",
    { value: "suffix", parse: plainText },
    { help: "With --backup: what is added to names (default: ~ without --backup-dir)" },
  ),
  toggle("trash", {
    help: "Keep what is replaced or removed in .omnisync/trash at the destination",
  }),
];

export const REMOVE_SOURCE_FLAG: Flag = toggle("removeSourceFiles", {
  help: "Remove each source file once its copy is verified",
});

function timing(when: Timing, help: string, also?: FlagDetails["also"]): Flag {
  return {
    long: `delete-${when}`,
    also,
    help,
    set: (values) => {
      values.delete = true;
      (values.deleteTimings ??= []).push(when);
    },
  };
}
