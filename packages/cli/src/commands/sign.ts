import { type Entry, formatSize, printable } from "@omnisync/storage";
import type { Progress, SignedObject } from "@omnisync/sync";
import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { exitCodeOfError } from "../exit-code-of.ts";
import { EXIT } from "../exit-codes.ts";
import { blockSize } from "../flag-values.ts";
import { examples } from "../help-examples.ts";
import { errorJson, errorText } from "../output/error-text.ts";
import { plural } from "../output/plural.ts";
import { type Found, locate } from "../places.ts";
import type { Session } from "../session.ts";
import { type Spot, parseSpot } from "../spots.ts";
import { UsageError } from "../usage-error.ts";
import { watch } from "../watch.ts";

interface SignFlags {
  readonly blockSize?: number;
  readonly sidecar?: boolean;
  readonly json?: boolean;
  readonly progress?: boolean;
  readonly quiet?: boolean;
}

export function addSignCommand(program: Command, session: Session): void {
  const command = program
    .command("sign <files...>")
    .summary("write down what a delta of a large file needs to know")
    .description(
      "Reads files or objects once and keeps a signature of each in its store, so that the next transfer sends or fetches only what differs. Uploads keep one by themselves: this is for large objects that other programs wrote.",
    )
    .action((files: readonly string[], flags: SignFlags) => sign(session, files, flags));
  command
    .optionsGroup("What to do:")
    .option(
      "-B, --block-size <size>",
      "Bytes per block: a multiple of 64K up to 5M (default: by the file's size)",
      blockSize("--block-size"),
    )
    .option("--sidecar", "Keep it beside the file, as name.hssig (default: under .omnisync/)")
    .optionsGroup("What to print:")
    .option("-q, --quiet", "Only errors")
    .option("--json", "One JSON line per file")
    .option("--progress", "Show progress, as plain lines where stderr is not a terminal")
    .option("--no-progress", "Never show progress");
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync sign s3://bucket/disk.img", "an object that another program uploaded"],
    ["omnisync sign --sidecar --block-size 1M /srv/*.img", "as .hssig files beside"],
    ["omnisync delta --explain disk.img s3://bucket/disk.img", "what is gained by it?"],
  ]);
}

interface Target {
  readonly spot: Spot;
  readonly found: Found;
}

/** Everything is looked at before the first file is read. */
async function sign(session: Session, files: readonly string[], flags: SignFlags): Promise<void> {
  const targets: Target[] = [];
  for (const file of files) {
    const spot = parseSpot(file, session);
    const found = await locate(session, spot, "all");
    if (found.entry.kind === "directory")
      throw new UsageError(`${spot.text}: is a directory: name the files in it`);
    targets.push({ spot, found });
  }
  const signing = new Signing(targets.map(({ found }) => found.entry));
  await watch(
    session,
    { done: signAll(session, targets, signing, flags), progress: () => signing.progress() },
    flags,
  );
}

/** One that fails does not keep the others from being signed. */
async function signAll(
  session: Session,
  targets: readonly Target[],
  signing: Signing,
  flags: SignFlags,
): Promise<void> {
  for (const target of targets) {
    const { text } = target.spot;
    try {
      print(session, target, await signOne(session, target, signing, flags), flags);
    } catch (error) {
      session.signal.throwIfAborted();
      signing.failed++;
      session.complain(errorText(error));
      if (flags.json) session.out.json({ path: text, error: errorJson(error) });
      session.exitCode = targets.length === 1 ? exitCodeOfError(error) : EXIT.someFailed;
    }
  }
}

async function signOne(
  session: Session,
  { spot, found }: Target,
  signing: Signing,
  flags: SignFlags,
): Promise<SignedObject> {
  const { signObject } = await import("@omnisync/sync");
  const { driver, path, entry } = found;
  signing.begin(spot.text, entry.size);
  try {
    return await signObject(
      { driver, path },
      {
        blockSize: flags.blockSize,
        signatures: flags.sidecar ? "sidecar" : "reserved",
        signal: session.signal,
        onBytes: (bytes) => signing.add(bytes),
      },
    );
  } finally {
    signing.end();
  }
}

function print(
  session: Session,
  { spot, found }: Target,
  signed: SignedObject,
  flags: SignFlags,
): void {
  if (flags.quiet) return;
  const { entry, blockSize, blocks, blake3, signaturePath } = signed;
  const signature = beside(spot, found, signaturePath);
  if (flags.json) {
    session.out.json({ path: spot.text, size: entry.size, blockSize, blocks, blake3, signature });
    return;
  }
  const rows = [
    ["size", `${formatSize(entry.size)} (${entry.size})`],
    ["blocks", `${plural(blocks, "block")} of ${formatSize(blockSize)}`],
    ["blake3", blake3],
    ["signature", signature],
  ] as const;
  session.out.line(spot.text);
  for (const [name, text] of rows) session.out.line(`  ${name.padEnd(10)} ${text}`);
}

/** Where it lies, as a location: its path is one in the directory of the file. */
function beside({ text }: Spot, { path }: Found, signaturePath: string): string {
  const name = printable(path);
  const before = text.endsWith(name) ? text.slice(0, text.length - name.length) : "";
  return before + printable(signaturePath);
}

/** How far the reading is, for the display. */
class Signing {
  failed = 0;
  readonly #started: number = performance.now();
  readonly #filesTotal: number;
  readonly #bytesTotal: number;
  #filesDone = 0;
  #bytesDone = 0;
  #active: { readonly path: string; readonly size: number; done: number } | undefined;

  constructor(files: readonly Entry[]) {
    this.#filesTotal = files.length;
    this.#bytesTotal = files.reduce((sum, { size }) => sum + size, 0);
  }

  begin(path: string, size: number): void {
    this.#active = { path, size, done: 0 };
  }

  add(bytes: number): void {
    this.#bytesDone += bytes;
    if (this.#active !== undefined) this.#active.done += bytes;
  }

  end(): void {
    this.#filesDone++;
    this.#active = undefined;
  }

  progress(): Progress {
    return {
      listed: true,
      filesTotal: this.#filesTotal,
      filesDone: this.#filesDone,
      bytesTotal: this.#bytesTotal,
      bytesDone: this.#bytesDone,
      bytesResumed: 0,
      bytesMatched: 0,
      checked: 0,
      failed: this.failed,
      elapsed: performance.now() - this.#started,
      active: this.#active === undefined ? [] : [{ ...this.#active }],
    };
  }
}
