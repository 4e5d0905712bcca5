/** What counts as different, and what is left alone. */
import { durationOrSeconds, rsyncWindow } from "../flag-values.ts";
import { EVERYWHERE, type Flag, toggle, valued } from "./flag.ts";

export const COMPARE_FLAGS: readonly Flag[] = [
  toggle("checksum", {
    short: "c",
    negatable: true,
    help: "Compare content by hash instead of size and time",
    where: EVERYWHERE,
  }),
  toggle("sizeOnly", { help: "Files of equal size are equal", where: EVERYWHERE }),
  toggle("ignoreTimes", { short: "I", help: "Send files again that are equal in size and time" }),
  valued(
    "modifyWindow",
    { value: "duration", parse: durationOrSeconds, rsync: rsyncWindow },
    {
      short: "@",
      help: "Times that differ by no more are equal: 2s, 500ms; a plain number counts seconds",
      rsyncHelp: "Times that differ by no more seconds are equal",
      where: EVERYWHERE,
    },
  ),
  toggle("update", { short: "u", help: "Leave files alone that are newer at the destination" }),
  toggle("existing", { also: ["ignore-non-existing"], help: "Never create, only replace" }),
  toggle("ignoreExisting", { help: "Never replace, only create" }),
];
