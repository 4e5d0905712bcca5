/** What rsync's output flags mean together. */
import type { Progress, SyncEvent } from "@omnisync/sync";
import type { FlagValues } from "../flags/flag-values.ts";
import { hasEscape } from "../output/rsync/line-format.ts";
import { type InfoLevels, checkDebugWords, infoLevels } from "../output/rsync/output-levels.ts";
import { progressText } from "../output/rsync/progress-text.ts";
import type { Session } from "../session.ts";

export interface PrintSettings {
  readonly info: InfoLevels;
  readonly human: number;
  readonly itemize: number;
  readonly outFormat: string | undefined;
  readonly logFormat: string;
  /** Shows how far a run is, after each transfer. */
  readonly progress:
    | ((session: Session, event: SyncEvent, progress: Progress, rootCounts: boolean) => void)
    | undefined;
}

const DEFAULT_FORMAT = "%i %n%L";

/** @throws RsyncError for an unknown word of `--info` or `--debug`. */
export function printSettings(values: Readonly<FlagValues>): PrintSettings {
  checkDebugWords(values.debug ?? []);
  const info = infoLevels(values.verbose ?? 0, defaultWords(values), values.info ?? []);
  const human = values.humanReadable ?? 1;
  const itemize = values.itemizeChanges ?? 0;
  const outFormat = values.outFormat ?? (itemize > 0 ? DEFAULT_FORMAT : undefined);
  return {
    info,
    human,
    itemize: outFormat !== undefined && hasEscape(outFormat, "i") ? Math.max(itemize, 1) : itemize,
    outFormat: outFormat ?? (info.NAME > 0 ? "%n%L" : undefined),
    logFormat: values.logFileFormat ?? DEFAULT_FORMAT,
    progress: info.PROGRESS > 0 ? progressLine(info.PROGRESS, human) : undefined,
  };
}

function defaultWords(values: Readonly<FlagValues>): readonly string[] {
  const words: string[] = [];
  if (values.stats) words.push((values.verbose ?? 0) > 1 ? "stats3" : "stats2");
  if (values.progress) {
    // Without names nobody would know what the figures are about.
    if (!values.verbose && !values.itemizeChanges) words.push("name");
    words.push("flist2,progress");
  }
  return words;
}

/** Level 1 tells of each file, level 2 of the whole run. */
function progressLine(level: number, human: number): PrintSettings["progress"] {
  let transfers = 0;
  return (session, event, progress, rootCounts) => {
    transfers++;
    const { filesDone, filesTotal, checked, listed, bytesDone, bytesTotal, elapsed } = progress;
    const size = event.source?.size ?? 0;
    const facts = {
      done: level > 1 ? bytesDone : size,
      size: level > 1 ? bytesTotal : size,
      elapsed,
      transfer: transfers,
      left: Math.max(filesTotal - filesDone, 0),
      known: checked + (rootCounts ? 1 : 0),
      listed,
    };
    session.out.line(`\r${progressText(facts, human)}`);
  };
}
