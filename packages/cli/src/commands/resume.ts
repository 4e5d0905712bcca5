import {
  type Driver,
  type StoreSpec,
  type Upload,
  formatDuration,
  formatSize,
  printable,
} from "@omnisync/storage";
import type { DirectoryResumeStore, KeptTransfer } from "@omnisync/sync";
import { type Command, Argument } from "commander";
import { confirm } from "../confirm.ts";
import { addDriverFlags } from "../driver-flags.ts";
import { EXIT } from "../exit-codes.ts";
import { age } from "../flag-values.ts";
import { examples } from "../help-examples.ts";
import { isoTime } from "../output/entry-text.ts";
import { errorText } from "../output/error-text.ts";
import { plural } from "../output/plural.ts";
import { openResumeStore } from "../resume-store.ts";
import type { Session } from "../session.ts";
import { parseSpot } from "../spots.ts";
import { UsageError } from "../usage-error.ts";

interface ResumeFlags {
  readonly olderThan?: number;
  readonly all?: boolean;
  readonly unknown?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** As `KEPT_FOR`, which is not loaded to parse a command line; a test compares the two. */
export const DEFAULT_AGE: number = 7 * 24 * 3600 * 1000;

export function addResumeCommand(program: Command, session: Session): void {
  const command = program
    .command("resume")
    .addArgument(new Argument("<action>", "what to do").choices(["list", "clean"]))
    .argument("[location]", "only what lies there; also shows open uploads that are not on record")
    .summary("look at transfers that were cut short, or clear them away")
    .description(
      "Large transfers that were cut short go on where they stopped when the same command is run again. list shows them; clean gives up those that nobody goes on with: it aborts the uploads at the store, removes temporary files, and forgets them. Without --all only those without a step for seven days, which the next run to the same destination clears away by itself. A transfer that is under way is left alone.",
    )
    .action((action: "list" | "clean", location: string | undefined, flags: ResumeFlags) =>
      resume(session, { action, location, flags }),
    );
  command
    .optionsGroup("What to do:")
    .option(
      "--older-than <age>",
      "clean: as if seven days were this age: 12h, 30d",
      age("--older-than"),
    )
    .option("--all", "clean: whatever their age, after a question")
    .option(
      "--unknown",
      "clean: also abort open uploads at the location that are older and not on record, whoever began them, after a question",
    )
    .option("-y, --yes", "Do not ask")
    .optionsGroup("What to print:")
    .option("--json", "One JSON line per transfer");
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync resume list", "what was cut short?"],
    ["omnisync resume list s3://bucket", "and which uploads are open in a bucket?"],
    ["omnisync resume clean --all", "give all of them up"],
    [
      "omnisync resume clean s3://bucket --unknown --older-than 30d",
      "uploads that everybody forgot",
    ],
  ]);
}

interface Request {
  readonly action: "list" | "clean";
  readonly location: string | undefined;
  readonly flags: ResumeFlags;
}

async function resume(session: Session, request: Request): Promise<void> {
  checkFlags(session, request);
  const { action, location, flags } = request;
  const store = await openResumeStore(session);
  const at = location === undefined ? undefined : await openLocation(session, location);
  const kept = (await store.list()).filter(
    ({ record }) => at === undefined || isAt(at, record.destination),
  );
  const unknown = at === undefined ? [] : await uploadsAt(store, at);
  if (action === "list") return list(session, kept, unknown, flags);
  await clean(session, store, { kept, unknown, at, flags });
}

function checkFlags(session: Session, { action, location, flags }: Request): void {
  if (action === "list" && (flags.all || flags.unknown || flags.olderThan !== undefined)) {
    throw new UsageError("--all, --unknown and --older-than are for omnisync resume clean");
  }
  if (flags.all && flags.olderThan !== undefined)
    throw new UsageError("--all and --older-than exclude each other: leave one out");
  if (flags.unknown && location === undefined)
    throw new UsageError("--unknown needs a location: name the bucket or prefix to look at");
  if ((flags.all || flags.unknown) && !flags.yes && session.io.ask === undefined)
    throw new UsageError("there is no terminal to ask at: give --yes to do it");
}

interface At {
  readonly driver: Driver;
}

async function openLocation(session: Session, location: string): Promise<At> {
  return { driver: await parseSpot(location, session).open(session) };
}

/** Also the file itself that a location names. */
function isAt({ driver }: At, destination: string): boolean {
  return destination === driver.id || destination.startsWith(`${driver.id}/`);
}

async function uploadsAt(store: DirectoryResumeStore, { driver }: At): Promise<readonly Upload[]> {
  const { unknownUploads } = await import("@omnisync/sync");
  return Array.fromAsync(unknownUploads(store, driver, ""));
}

async function list(
  session: Session,
  kept: readonly KeptTransfer[],
  unknown: readonly Upload[],
  { json }: ResumeFlags,
): Promise<void> {
  const { bytesKept } = await import("@omnisync/sync");
  for (const one of kept) {
    const done = bytesKept(one.progress);
    if (json) session.out.json(transferJson(one, done));
    else session.out.line(transferLine(one, done));
  }
  for (const { path, id, startedAt } of unknown) {
    if (json) session.out.json({ kind: "unknown-upload", path, id, startedAt: isoTime(startedAt) });
    else session.out.line(`not on record  ${ageText(startedAt)}  ${printable(path)}  upload ${id}`);
  }
  if (!json && kept.length + unknown.length === 0) session.note("nothing was cut short");
}

function transferLine({ record, updatedAt, busy }: KeptTransfer, done: number): string {
  const { kind, source, destination, content } = record;
  const percent = content.size === 0 ? 0 : Math.floor((done / content.size) * 100);
  const progress = `${percent}% of ${formatSize(content.size)}`;
  const state = busy ? "under way" : ageText(updatedAt);
  return `${kind}  ${progress}  ${state}  ${printable(source)} -> ${printable(destination)}`;
}

function transferJson({ record, updatedAt, busy }: KeptTransfer, done: number): object {
  const { kind, source, destination, content, startedAt } = record;
  const uploadId = record.kind === "upload" ? record.uploadId : undefined;
  return {
    ...{ kind, source, destination, size: content.size, done, busy, uploadId },
    startedAt: isoTime(startedAt),
    updatedAt: isoTime(updatedAt),
  };
}

function ageText(since: number | undefined): string {
  return since === undefined ? "of unknown age" : `${formatDuration(Date.now() - since)} ago`;
}

interface Cleaning {
  readonly kept: readonly KeptTransfer[];
  readonly unknown: readonly Upload[];
  readonly at: At | undefined;
  readonly flags: ResumeFlags;
}

async function clean(
  session: Session,
  store: DirectoryResumeStore,
  { kept, unknown, at, flags }: Cleaning,
): Promise<void> {
  const limit = flags.olderThan ?? DEFAULT_AGE;
  const isOld = (since: number | undefined): boolean =>
    since !== undefined && Date.now() - since >= limit;
  const transfers = kept.filter(({ busy, updatedAt }) => !busy && (flags.all || isOld(updatedAt)));
  // Nobody can say whether these are still being filled, so that age counts even with --all.
  const strangers = flags.unknown ? unknown.filter(({ startedAt }) => isOld(startedAt)) : [];
  const asks = (flags.all && transfers.length > 0) || strangers.length > 0;
  if (asks && !flags.yes && !(await mayGoOn(session, transfers.length, strangers.length))) return;
  let done = 0;
  for (const one of transfers) if (await forget(session, store, one, flags)) done++;
  for (const upload of strangers) if (await abort(session, at!.driver, upload, flags)) done++;
  await store.clearAside(flags.all ? 0 : limit);
  const left = kept.length - transfers.length;
  if (!flags.json) {
    const rest = left === 0 ? "" : `, ${left} kept: younger, or under way`;
    session.note(`${plural(done, "transfer")} given up${rest}`);
  }
}

async function mayGoOn(session: Session, ours: number, unknown: number): Promise<boolean> {
  const what = [
    ...(ours === 0 ? [] : [plural(ours, "transfer")]),
    ...(unknown === 0 ? [] : [`${plural(unknown, "upload")} that somebody else may have begun`]),
  ];
  const answer = await confirm(session, `give up ${what.join(" and ")}?`);
  if (!answer) session.note("nothing was changed");
  return answer;
}

async function forget(
  session: Session,
  store: DirectoryResumeStore,
  kept: KeptTransfer,
  flags: ResumeFlags,
): Promise<boolean> {
  const { bytesKept, forgetTransfer } = await import("@omnisync/sync");
  const { destination, open } = kept.record;
  const told = attempt(session, destination, async () => {
    if (open === undefined)
      throw new UsageError(
        "the record does not say how to open its store: it was made by a program",
      );
    const driver = await session.open(open as StoreSpec);
    return forgetTransfer(store, kept, driver);
  });
  if (!(await told)) return false;
  if (flags.json) session.out.json(transferJson(kept, bytesKept(kept.progress)));
  return true;
}

function abort(
  session: Session,
  driver: Driver,
  upload: Upload,
  { json }: ResumeFlags,
): Promise<boolean> {
  return attempt(session, upload.path, async () => {
    await driver.multipart!.abort(upload, { signal: session.signal });
    if (json) session.out.json({ kind: "unknown-upload", path: upload.path, id: upload.id });
    return true;
  });
}

/** One failure does not keep the others from being cleared away. */
async function attempt(
  session: Session,
  what: string,
  work: () => Promise<boolean>,
): Promise<boolean> {
  try {
    return await work();
  } catch (error) {
    session.signal.throwIfAborted();
    session.complain(`${printable(what)}: ${errorText(error)}`);
    session.exitCode = EXIT.someFailed;
    return false;
  }
}
