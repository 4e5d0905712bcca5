/** A benchmark: the same work done by several programs in turn, and the mark to reach. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Command, type Measured, measure, median } from "./measure.ts";
import { warm } from "./trees.ts";

export interface Contestant {
  readonly name: string;
  /** Before each run, unmeasured. */
  readonly prepare?: ((run: number) => Promise<void> | void) | undefined;
  /** The command of each run; runs are numbered, so that each can have a fresh target. */
  readonly command: (run: number) => Command;
  /** Default: the job's. Slow programs may run once. */
  readonly runs?: number | undefined;
}

export interface Job {
  readonly name: string;
  readonly title: string;
  readonly mark: string;
  /** Takes so long that it runs only when it is named. */
  readonly isLong?: boolean | undefined;
  run(context: BenchContext): Promise<JobResult>;
}

export interface BenchContext {
  /** An empty folder, removed afterwards. */
  readonly scratch: string;
  readonly runs: number;
}

export interface JobResult {
  readonly rows: readonly Row[];
  /** What was reached, against the mark. */
  readonly reached: string;
  readonly met: boolean;
}

export interface Row extends Measured {
  readonly name: string;
  readonly runs: number;
}

/**
 * Runs contestants in turn (first run of each, then the second of each …), so that drift hits all alike.
 *
 * @param sent the file or folder that they read: it is in the page cache when a run begins.
 */
export async function compete(
  contestants: readonly Contestant[],
  runs: number,
  sent?: string,
): Promise<Row[]> {
  const measured = new Map<string, Measured[]>(contestants.map(({ name }) => [name, []]));
  for (let run = 0; run < runs; run++) {
    for (const contestant of contestants) {
      if (run >= (contestant.runs ?? runs)) continue;
      await contestant.prepare?.(run);
      if (sent !== undefined) warm(sent);
      const result = await measure(contestant.command(run));
      measured.get(contestant.name)!.push(result);
      console.error(
        `  ${contestant.name} #${run + 1}: ${result.wall.toFixed(2)} s, ${result.cpu.toFixed(2)} CPU s, ${result.memory.toFixed(0)} MiB`,
      );
    }
  }
  return [...measured].map(([name, results]) => ({
    name,
    runs: results.length,
    ...median(results),
  }));
}

export function rowOf(rows: readonly Row[], name: string): Row {
  const found = rows.find((row) => row.name === name);
  if (found === undefined) throw new Error(`no row ${name}`);
  return found;
}

/** An empty folder of this name in the scratch folder. */
export function freshFolder(scratch: string, name: string): string {
  const folder = join(scratch, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function ratio(a: number, b: number): string {
  return `${(a / b).toFixed(2)} ×`;
}
