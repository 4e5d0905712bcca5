/** One program run, measured from outside: wall, CPU seconds and peak memory, children included. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Measured {
  /** Seconds. */
  readonly wall: number;
  /** User and system seconds, of the process and its children. */
  readonly cpu: number;
  /** MiB resident at most, of the largest process. */
  readonly memory: number;
  readonly stdout: string;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Exit codes that count as success. Default 0 only. */
  readonly accept?: readonly number[] | undefined;
}

/** Runs a command under GNU time. @throws Error with its output if it fails. */
export async function measure(command: Command): Promise<Measured> {
  const scratch = mkdtempSync(join(tmpdir(), "omnisync-bench-"));
  const figures = join(scratch, "time");
  try {
    const args = ["-q", "-f", "%U %S %M", "-o", figures, command.program, ...command.args];
    const started = performance.now();
    const { code, stdout, stderr } = await run("/usr/bin/time", args, command.env);
    const wall = (performance.now() - started) / 1000;
    if (!(command.accept ?? [0]).includes(code)) {
      throw new Error(
        `${command.program} ${command.args.join(" ")}: exit ${code}\n${stderr.slice(-2000)}`,
      );
    }
    const [user, system, kilobytes] = readFileSync(figures, "utf8").trim().split(/\s+/).map(Number);
    return { wall, cpu: user! + system!, memory: kilobytes! / 1024, stdout };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** The run in the middle, by wall time; CPU and memory are medians of their own. */
export function median(runs: readonly Measured[]): Measured {
  const middle = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
  return {
    wall: middle(runs.map((run) => run.wall)),
    cpu: middle(runs.map((run) => run.cpu)),
    memory: middle(runs.map((run) => run.memory)),
    stdout: runs.at(-1)?.stdout ?? "",
  };
}

function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const { AWS_CA_BUNDLE: _, ...inherited } = process.env;
    const child = spawn(program, args, {
      env: { ...inherited, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on(
      "data",
      (chunk: Buffer) => (stdout = (stdout + chunk.toString()).slice(-100_000)),
    );
    child.stderr.on(
      "data",
      (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-100_000)),
    );
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}
