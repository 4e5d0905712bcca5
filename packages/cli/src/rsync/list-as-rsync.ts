/** `--list-only`, and a command line with one operand: what the sources hold, in the form of `ls -l`. */
import type { Entry } from "@omnisync/storage";
import type { SyncEvent } from "@omnisync/sync";
import { engineOptions } from "../engine-options.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import { humanNumber, permissionText, shownName, timeString } from "../output/rsync/numbers.ts";
import { eventError } from "../output/rsync/event-error.ts";
import { shownPath } from "../output/shown-path.ts";
import type { Session } from "../session.ts";
import type { Operand } from "./operands.ts";
import { type RsyncEnds, findSources, openRsyncEnds } from "./plan-run.ts";
import type { RsyncCode } from "./rsync-error.ts";
import { openRsyncFilter } from "./rsync-filter.ts";
import { emptyTree } from "./source-tree.ts";

/** Lists all operands, or all but the last where there are several. */
export async function listAsRsync(
  session: Session,
  operands: readonly Operand[],
  values: Readonly<FlagValues>,
): Promise<RsyncCode | undefined> {
  const given = operands.length > 1 ? operands.slice(0, -1) : operands;
  const { sources, missing } = await findSources(session, given, values);
  for (const { text } of missing) {
    session.note(
      `rsync: [sender] link_stat "${shownName(text)}" failed: No such file or directory (2)`,
    );
  }
  const [first] = sources;
  if (first === undefined) return "partial";
  const ends = await openRsyncEnds(session, sources, first, values);
  const failed = await list(session, ends, values);
  return failed || missing.length > 0 ? "partial" : undefined;
}

/** A dry run to a place that holds nothing meets every entry, and no other. */
async function list(
  session: Session,
  ends: RsyncEnds,
  values: Readonly<FlagValues>,
): Promise<boolean> {
  const { startSync } = await import("@omnisync/sync");
  const human = values.humanReadable ?? 1;
  let failed = false;
  const print = (event: SyncEvent): void => {
    if (event.kind === "failed") {
      failed = true;
      session.note(eventError(event, shownPath(ends, event.path)).text);
    } else if (event.source !== undefined) {
      session.out.line(
        listLine(event.source, shownPath(ends, event.path), values.links === true, human),
      );
    }
  };
  const { driver, path } = ends.source;
  const root = await driver.stat(path, { signal: session.signal });
  if (ends.rootTakesPart && root !== undefined) {
    session.out.line(listLine(root, ends.root, false, human));
  }
  await startSync(
    ends.source,
    { driver: emptyTree(driver), path: "" },
    {
      ...engineOptions({ ...values, links: true, dirs: true }),
      dryRun: true,
      filter: await openRsyncFilter(session, values, ends.prefix),
      signal: session.signal,
      onEvent: print,
    },
  ).done;
  return failed;
}

const LETTERS: Readonly<Record<Entry["kind"], string>> = {
  file: "-",
  directory: "d",
  symlink: "l",
  other: "p",
};

/** `-rw-r--r--          1,024 2026/01/02 03:04:05 name`. */
function listLine(entry: Entry, name: string, showsTargets: boolean, human: number): string {
  const target =
    showsTargets && entry.linkTarget !== undefined ? ` -> ${shownName(entry.linkTarget)}` : "";
  const mode =
    LETTERS[entry.kind] + permissionText(entry.mode ?? (entry.kind === "symlink" ? 0o777 : 0));
  const time = timeString(entry.mtime ?? entry.storedAt ?? 0);
  return `${mode} ${humanNumber(entry.size, human).padStart(14)} ${time} ${shownName(name)}${target}`;
}
