/** How content gets to its destination. */
import { directoryInside } from "../flag-values.ts";
import { DELTA_FLAGS } from "./delta-flags.ts";
import { type Flag, plainText, toggle, valued } from "./flag.ts";

export const CONTENT_FLAGS: readonly Flag[] = [
  toggle("fsync", { help: "Wait for stable storage after each file" }),
  ...DELTA_FLAGS,
  toggle("inplace", {
    negatable: true,
    help: "Write into existing files instead of beside them: an interruption leaves a mixture",
  }),
  {
    long: "append",
    help: "Files that are shorter at the destination get the rest; other files are left alone",
    set: (values) => void (values.append = true),
    unset: (values) => void (values.append = false),
  },
  {
    long: "append-verify",
    help: "As --append, and files whose first part differs are sent whole",
    set: (values) => void (values.append = "verify"),
  },
  toggle("sparse", { short: "S", negatable: true, help: "Long runs of zeros become holes" }),
  toggle("preallocate", { help: "Allocate space before the first byte is written" }),
  toggle("partial", { negatable: true, help: "Keep what came over of a file when it fails" }),
  valued(
    "partialDir",
    { value: "dir", parse: directoryInside },
    { help: "Keep it there, and go on from it in the next run" },
  ),
  toggle("delayUpdates", {
    negatable: true,
    help: "Put new content beside, and all of it into place at the end",
  }),
  valued(
    "tempDir",
    { value: "dir", parse: directoryInside },
    { short: "T", help: "Write temporary files there, in the destination" },
  ),
  place("compareDest", "Leave out files that are equal in another directory; may be repeated"),
  place("copyDest", "Copy files that are equal in another directory from there; may be repeated"),
  place("linkDest", "Hard-link files that are equal in another directory; may be repeated"),
  toggle("fuzzy", {
    short: "y",
    negatable: true,
    help: "Look for a file of equal size and time at the destination before sending a new one",
  }),
  toggle("resume", {
    negatable: true,
    help: "Remember large transfers that are cut short, and go on with them in the next run (default)",
    showNegated: "Do not remember large transfers that are cut short, nor go on with them",
    where: ["transfer"],
  }),
  toggle("failOnConflict", {
    help: "Fail on a destination that changed since it was listed, instead of looking again",
  }),
  valued(
    "storageClass",
    { value: "class", parse: plainText },
    { help: "Storage class of new objects, such as STANDARD_IA" },
  ),
];

/** rsync's alone: the other commands always do so. */
export const MKPATH_FLAG: Flag = toggle("mkpath", {
  negatable: true,
  where: ["rsync"],
  help: "Create missing directories above the destination",
});

function place(key: "compareDest" | "copyDest" | "linkDest", help: string): Flag {
  const long = key.replace("Dest", "-dest");
  return {
    long,
    value: "dir",
    help,
    set: (values, { text }) => void (values[key] ??= []).push(text),
  };
}
