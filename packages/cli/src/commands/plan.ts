import { printable } from "@omnisync/storage";
import type { NewPlan, PlanOptions, SyncEvent, SyncOptions } from "@omnisync/sync";
import type { Command } from "commander";
import { openAttributeCache } from "../attribute-cache.ts";
import { addDriverFlags } from "../driver-flags.ts";
import { exitCodeOfReport } from "../exit-code-of.ts";
import { hideNotInPlans, refuseNotInPlans } from "../flags/not-in-plans.ts";
import { checkPlaceForFile, readGivenFile, systemReason } from "../given-file.ts";
import { examples } from "../help-examples.ts";
import { EventPrinter } from "../output/event-printer.ts";
import { planLines } from "../output/plan-summary.ts";
import { withheldText } from "../output/summary.ts";
import { writeWholeFile } from "../output/whole-file.ts";
import type { Ends } from "../places.ts";
import type { Session } from "../session.ts";
import { type TransferFlags, addDeleteFlags, addTransferFlags } from "../transfer-flags.ts";
import { prepareTransfer } from "../transfer.ts";
import { openWith } from "../open-with.ts";
import { UsageError } from "../usage-error.ts";

type PlanFlags = TransferFlags & {
  readonly output?: string;
  readonly prices?: string;
};

export function addPlanCommand(program: Command, session: Session): void {
  const command = program
    .command("plan <source> <destination>")
    .summary("write down what sync would do, with requests and cost")
    .description(
      "Writes down what sync with the same flags would do, changes nothing: one line of JSON for each action, with what must be so for it to be done, after a header with totals, requests and an estimate of their cost. `omnisync apply` performs it.",
    )
    .action((source: string, destination: string, flags: PlanFlags) =>
      planTransfer(session, source, destination, flags),
    );
  command
    .optionsGroup("The plan:")
    .option("-o, --output <file>", "Where to write it (default: stdout)", refuseBundled(session))
    .option("--prices <file>", "Price table to use instead of the built-in one, as JSON");
  addDeleteFlags(command);
  addTransferFlags(command);
  hideNotInPlans(command);
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync plan --delete site/ s3://bucket -o site.plan", "what would be done, and its cost"],
    ["omnisync plan a/ b/ | jq -c 'select(.action == \"copy\") | .path'", "only the names"],
    ["omnisync apply site.plan", "do exactly that"],
  ]);
}

/** In a bundle as rsync has them, `-rlptgoD`, an `o` means the owner. */
function refuseBundled(session: Session): (file: string) => string {
  return (file) => {
    const bundle = session.argv.find(
      (word, i) =>
        /^-[A-Za-z0-9]+o/.test(word) && (word.endsWith(`o${file}`) || session.argv[i + 1] === file),
    );
    if (bundle === undefined) return file;
    throw new UsageError(
      `${bundle}: -o is short for --output here: write it by itself, and --owner in full`,
    );
  };
}

async function planTransfer(
  session: Session,
  source: string,
  destination: string,
  flags: PlanFlags,
): Promise<void> {
  if (flags.json && flags.output === undefined) {
    throw new UsageError("--json says nothing without -o: the plan itself is lines of JSON");
  }
  refuseNotInPlans(flags);
  if (flags.output !== undefined) await checkPlaceForFile(session, "--output", flags.output);
  const prices = await readPrices(session, flags.prices);
  const request = { kind: "sync", source, destination, flags } as const;
  const { ends, options } = await prepareTransfer(session, request);
  const plan = await makePlan(session, ends, { ...options, prices }, flags);
  try {
    await write(session, plan, flags.output);
  } finally {
    await plan.close();
  }
  const { report, header } = plan;
  if (flags.json) session.out.json({ kind: "summary", ...header });
  const withheld = withheldText(report);
  if (withheld !== undefined) session.complain(withheld);
  if (!flags.quiet) for (const line of planLines(header)) session.note(line);
  session.exitCode = exitCodeOfReport(report);
}

async function readPrices(
  session: Session,
  file: string | undefined,
): Promise<PlanOptions["prices"]> {
  if (file === undefined) return undefined;
  const text = await readGivenFile(session, "--prices", file);
  const { parsePriceTable } = await import("@omnisync/sync");
  try {
    return parsePriceTable(text);
  } catch (cause) {
    throw new UsageError(`--prices: ${printable(file)}: ${(cause as Error).message}`, { cause });
  }
}

async function makePlan(
  session: Session,
  ends: Ends,
  options: SyncOptions & Pick<PlanOptions, "prices">,
  flags: PlanFlags,
): Promise<NewPlan> {
  const { plan } = await import("@omnisync/sync");
  const cache =
    flags.attributeCache === false
      ? undefined
      : await openAttributeCache(session, [ends.source, ends.destination]);
  // With the plan on stdout there is no room for anything else.
  const print = flags.output === undefined ? {} : flags;
  const printer = new EventPrinter(session, { ...print, ...ends, window: options.modifyWindow });
  try {
    return await plan(ends.source, ends.destination, {
      ...options,
      open: {
        source: openWith(session, ends.source.driver),
        destination: openWith(session, ends.destination.driver),
      },
      attributeCache: cache,
      signal: session.signal,
      onEvent: (event: SyncEvent) => printer.print(event),
    });
  } finally {
    cache?.close();
  }
}

async function write(session: Session, plan: NewPlan, file: string | undefined): Promise<void> {
  const { writePlan } = await import("@omnisync/sync");
  if (file === undefined) {
    for await (const chunk of writePlan(plan)) await session.out.bytes(Buffer.from(chunk));
    return;
  }
  // It names every path of both places: for the user's own eyes. One that is being applied stays as it is.
  try {
    await writeWholeFile(session.absolute(file), writePlan(plan));
  } catch (cause) {
    // The system names a temporary file, which is gone.
    throw new Error(`--output: ${printable(file)}: ${systemReason(cause)}`, { cause });
  }
}
