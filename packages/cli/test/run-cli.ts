/** Runs the command line inside the test's process, with streams that remember. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Io, OutputStream } from "../src/io.ts";
import { run } from "../src/main.ts";

const STATE: string = join(tmpdir(), "omnisync-test-state");

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Stdout as it came. */
  readonly bytes: Uint8Array;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  readonly columns?: number;
  readonly isTTY?: boolean;
  readonly ask?: (question: string) => Promise<string>;
  readonly stdin?: AsyncIterable<Uint8Array | string>;
}

export async function runCli(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const stdout = new MemoryStream(options);
  const stderr = new MemoryStream(options);
  const io: Io = {
    stdout,
    stderr,
    env: { HOME: "/nonexistent", XDG_STATE_HOME: STATE, ...options.env },
    ask: options.ask,
    stdin: options.stdin,
    cwd: options.cwd ?? "/nonexistent",
    signal: options.signal ?? new AbortController().signal,
  };
  const code = await run(argv, io);
  return { code, stdout: stdout.text(), stderr: stderr.text(), bytes: stdout.bytes() };
}

/** The lines of an output, without the last line's end. */
export function lines(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

class MemoryStream implements OutputStream {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly #chunks: Buffer[] = [];

  constructor(options: RunOptions) {
    this.isTTY = options.isTTY ?? false;
    this.columns = options.columns ?? 80;
  }

  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean {
    this.#chunks.push(Buffer.from(chunk as Uint8Array));
    if (done !== undefined) queueMicrotask(() => done());
    return true;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
