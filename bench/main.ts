/**
 * `npm run bench [-- NAME …] [--runs N] [--write]`: runs the benchmarks, all or the named ones, and
 * prints a table; `--write` puts it into docs/benchmarks.md. Nothing here is part of the tests.
 */
import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Job, JobResult } from "./job.ts";
import { bandwidth } from "./jobs/bandwidth.ts";
import { deltaMatch, deltaSignature } from "./jobs/delta.ts";
import { deltaTransfer } from "./jobs/delta-transfer.ts";
import { endlessListing } from "./jobs/endless-listing.ts";
import { filters } from "./jobs/filters.ts";
import { hugeObject, largestObject, manyBlocks } from "./jobs/huge-object.ts";
import { largeObject } from "./jobs/large-object.ts";
import { localAgain, localCopy } from "./jobs/local.ts";
import { uploadSink, uploadSmall } from "./jobs/small-objects.ts";
import { planning } from "./jobs/planning.ts";
import { resume } from "./jobs/resume.ts";
import { startUp } from "./jobs/start-up.ts";
import { unchangedObjects } from "./jobs/unchanged-objects.ts";

const JOBS: readonly Job[] = [
  startUp,
  localCopy,
  localAgain,
  endlessListing,
  filters,
  planning,
  uploadSink,
  uploadSmall,
  largeObject,
  resume,
  bandwidth,
  unchangedObjects,
  deltaTransfer,
  hugeObject,
  manyBlocks,
  largestObject,
  deltaSignature,
  deltaMatch,
];

const PAGE: string = join(import.meta.dirname, "../docs/benchmarks.md");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "5" }, write: { type: "boolean", default: false } },
});

const chosen =
  positionals.length === 0
    ? JOBS.filter(({ isLong }) => isLong !== true)
    : JOBS.filter(({ name }) => positionals.includes(name));
if (chosen.length < positionals.length) {
  console.error(`known benchmarks: ${JOBS.map((job) => job.name).join(", ")}`);
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), "omnisync-bench-"));
const done: { readonly job: Job; readonly result: JobResult }[] = [];
try {
  for (const job of chosen) {
    console.error(`${job.name}: ${job.title}`);
    const result = await job.run({ scratch, runs: Number(values.runs) });
    done.push({ job, result });
    console.log(section(job, result));
    if (values.write) writeSection(job, result);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(machine());
if (done.some(({ result }) => !result.met)) process.exitCode = 1;

function section(job: Job, result: JobResult): string {
  const head = ["program", "runs", "wall s", "CPU s", "peak MiB"];
  const rows = result.rows.map((row) => [
    row.name,
    String(row.runs),
    row.wall.toFixed(2),
    row.cpu.toFixed(2),
    row.memory.toFixed(0),
  ]);
  const table = [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
  return `### ${job.title}\n\nMark: ${job.mark}. **${result.met ? "Reached" : "Not reached"}**: ${result.reached}.\n\n${table}\n`;
}

function writeSection(job: Job, result: JobResult): void {
  const text = readFileSync(PAGE, "utf8");
  const [start, end] = [`<!-- ${job.name} -->`, `<!-- end ${job.name} -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < 0) throw new Error(`docs/benchmarks.md has no place for ${job.name}`);
  const body = `${start}\n\n${section(job, result)}\n_${machine()}_\n\n`;
  writeFileSync(PAGE, text.slice(0, from) + body + text.slice(to));
  // On the path of every npm script.
  execFileSync("oxfmt", [PAGE]);
}

function machine(): string {
  const day = new Date().toISOString().slice(0, 10);
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${day}: ${cpus().length} × ${cpus()[0]?.model.trim()}, ${memory} GiB, Linux ${release()}, Node ${process.versions.node}`;
}
