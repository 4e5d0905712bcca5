import { baseName } from "@omnisync/storage";
import type { StoreSpec } from "@omnisync/storage";
import type { ApplyReport, Place, Plan, PlannedPlace, SyncEvent } from "@omnisync/sync";
import type { Command } from "commander";
import { openAttributeCache } from "../attribute-cache.ts";
import { addDriverFlags } from "../driver-flags.ts";
import { deltaOptions, limitOptions } from "../engine-options.ts";
import { exitCodeOfApply } from "../exit-code-of.ts";
import { checkCombinations } from "../flags/combinations.ts";
import { addFlags } from "../flags/commander-flags.ts";
import { DELTA_FLAGS } from "../flags/delta-flags.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import { LIMIT_FLAGS } from "../flags/limit-flags.ts";
import { examples } from "../help-examples.ts";
import { summaryJson } from "../output/error-text.ts";
import { EventPrinter } from "../output/event-printer.ts";
import { applyTimeouts, limitsAndHooks } from "../other-places.ts";
import { endedText, statsLines, summaryLine, withheldText } from "../output/summary.ts";
import { plural } from "../output/plural.ts";
import { openResumeStore } from "../resume-store.ts";
import type { Session } from "../session.ts";
import { UsageError } from "../usage-error.ts";
import { watch } from "../watch.ts";

type ApplyFlags = Readonly<FlagValues>;

/** The order is the plan's, and nothing is looked at but what is done. */
const WITHOUT_EFFECT = ["checkers", "order", "priority"];
const HOW_FLAGS = [...DELTA_FLAGS, ...LIMIT_FLAGS].filter(
  ({ long }) => !WITHOUT_EFFECT.includes(long ?? ""),
);

export function addApplyCommand(program: Command, session: Session): void {
  const command = program
    .command("apply <plan-file>")
    .summary("do what a plan says, and nothing else")
    .description(
      "Does what a plan of `omnisync plan` says, and nothing else. A path that is not any more as the plan saw it is refused and left alone (exit code 4), the others are done. Applying a plan again does what is left of it. Flags and credentials of the two stores are not in the plan: give them as for plan.",
    )
    .optionsGroup("What to do:")
    .option("-n, --dry-run", "Say what would be done and refused, change nothing")
    .optionsGroup("How to do it:")
    .option(
      "--no-resume",
      "Do not remember large transfers that are cut short, nor go on with them",
    )
    .optionsGroup("What to print:")
    .option("-q, --quiet", "Only errors; with --json only the summary")
    .option("-v, --verbose", "One line per change, twice: per path", (_, n: number) => n + 1, 0)
    .option("--json", 'One JSON line per path on stdout, then one of kind "summary"')
    .option("--progress", "Show progress, as plain lines where stderr is not a terminal")
    .option("--no-progress", "Never show progress")
    .option("--stats", "Print all counts at the end")
    .action((file: string, flags: ApplyFlags) => apply(session, file, flags));
  addFlags(command, [{ heading: "How to do it:", flags: HOW_FLAGS }], "transfer");
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync plan --delete site/ s3://bucket -o site.plan", "make a plan, look at it"],
    ["omnisync apply site.plan", "do exactly that"],
    ["omnisync apply -n -v site.plan", "is everything still as the plan saw it?"],
  ]);
}

async function apply(session: Session, file: string, flags: ApplyFlags): Promise<void> {
  await checkCombinations(flags);
  const { readPlan } = await import("@omnisync/sync");
  const plan = await readPlan(session.absolute(file));
  try {
    const end = (report: ApplyReport, error?: unknown): void =>
      printEnding(session, plan, report, { ...flags, error });
    const report = await applyBetween(session, plan, flags, end);
    end(report);
    session.exitCode = exitCodeOfApply(report);
  } finally {
    await plan.close();
  }
}

async function applyBetween(
  session: Session,
  plan: Plan,
  flags: ApplyFlags,
  onFailure: (report: ApplyReport, error: unknown) => void,
): Promise<ApplyReport> {
  const { startApply } = await import("@omnisync/sync");
  applyTimeouts(session, flags);
  const source = await openPlace(session, "source", plan.header.source);
  const destination = await openPlace(session, "destination", plan.header.destination);
  const limits = {
    ...limitOptions(flags),
    ...(await limitsAndHooks(session, { source, destination }, flags)),
  };
  const cache =
    flags.attributeCache === false
      ? undefined
      : await openAttributeCache(session, [source, destination]);
  const resume =
    flags.resume === false ? undefined : await openResumeStore(session, destination.driver);
  const names = { prefix: "", root: baseName(source.path) || "." };
  const toLocal = destination.driver.name === "file";
  const printer = new EventPrinter(session, {
    ...flags,
    itemizeChanges: undefined,
    ...names,
    toLocal,
    destination,
  });
  try {
    const run = startApply(plan, source, destination, {
      dryRun: flags.dryRun,
      ...limits,
      ...deltaOptions(flags),
      attributeCache: cache,
      resume,
      signal: session.signal,
      onEvent: (event: SyncEvent) => printer.print(event),
    });
    return await watch(session, run, flags, onFailure);
  } finally {
    cache?.close();
  }
}

async function openPlace(session: Session, side: string, planned: PlannedPlace): Promise<Place> {
  const { open, driver, path } = planned;
  if (open === undefined) {
    throw new UsageError(
      `the plan does not say how to open its ${side}: it was made by a program, apply it there`,
    );
  }
  const spec: StoreSpec = { ...open, driver };
  return { driver: await session.open(spec), path };
}

function printEnding(
  session: Session,
  plan: Plan,
  report: ApplyReport,
  { error, ...flags }: ApplyFlags & { readonly error?: unknown },
): void {
  if (flags.json) session.out.json(summaryJson(report, error));
  if (flags.stats) for (const line of statsLines(report)) session.out.line(line);
  const ended = endedText(report);
  if (ended !== undefined) session.complain(ended);
  const withheld = withheldText(report);
  if (withheld !== undefined) session.complain(withheld);
  const { movedOn } = report;
  if (movedOn > 0) {
    session.complain(
      `${plural(movedOn, "path")} moved on since the plan was made: make a new plan for what is left`,
    );
  }
  if (!flags.quiet && !flags.json) {
    const kind = plan.header.options.move ? "move" : "sync";
    session.note(summaryLine(report, kind));
  }
  if (report.interrupted) session.complain("interrupted: apply the same plan again to go on");
}
