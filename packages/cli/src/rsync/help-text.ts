/** `omnisync rsync --help`, in the form of rsync's own. */
import { RSYNC_GROUPS } from "../flags/all-flags.ts";
import type { Flag } from "../flags/flag.ts";
import { rsyncVersionLines } from "./version-text.ts";

const COLUMN = 25;

export function rsyncHelpLines(): readonly string[] {
  return [
    ...rsyncVersionLines(),
    "",
    "Usage: rsync [OPTION]... SRC [SRC]... DEST",
    "  or   rsync [OPTION]... SRC",
    "SRC and DEST are local paths or locations of omnisync, such as s3://bucket/path.",
    "",
    ...RSYNC_GROUPS.flatMap(({ heading, flags }) => [
      "",
      heading,
      ...flags.filter(isRsyncs).map(line),
    ]),
    "",
    "--no-OPTION              turn off an implied OPTION (e.g. --no-D)",
    "--version, -V            print the version + other info and exit",
    "--help, -h (*)           show this help (* -h is help only on its own)",
  ];
}

function isRsyncs({ where }: Flag): boolean {
  return where === undefined || where.includes("rsync");
}

function line({ long, short, value, help, rsyncHelp }: Flag): string {
  const name =
    long === undefined
      ? undefined
      : `--${long}${value === undefined ? "" : `=${value.toUpperCase()}`}`;
  const names = [name, short === undefined ? undefined : `-${short}`].filter(
    (one) => one !== undefined,
  );
  return `${names.join(", ").padEnd(COLUMN - 1)} ${rsyncHelp ?? help}`;
}
