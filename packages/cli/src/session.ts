/** One run of the command line: its streams, its driver flags, and the drivers that it opened. */
import { isAbsolute, resolve } from "node:path";
import {
  type CallsExpected,
  type Driver,
  type OptionValue,
  type StoreSpec,
  openDriver,
  printable,
} from "@omnisync/storage";
import type { Io } from "./io.ts";
import { type Palette, createPalette } from "./output/palette.ts";
import { LineWriter } from "./output/line-writer.ts";
import { UsageError } from "./usage-error.ts";

/** Something drawn on the terminal that has to make room for lines. */
export interface Overlay {
  clear(): void;
}

export class Session {
  readonly io: Io;
  readonly out: LineWriter;
  /** What the driver flags gave, by driver, then by option. */
  readonly driverFlags: Record<string, Record<string, OptionValue>> = {};
  /** The command line, for what its parser does not tell. */
  argv: readonly string[] = [];
  /** False where the command line has no word that could be one of them. */
  driverFlagsWanted = true;
  /** What the run will exit with. Commands set it when they end without throwing. */
  exitCode = 0;
  /** Commands that only look at what they are asked for say `few`, before they open a store. */
  calls: CallsExpected = "many";
  /** False once `--no-color` was seen. */
  color = true;
  overlay: Overlay | undefined;
  readonly #drivers: Map<Driver, StoreSpec> = new Map();

  constructor(io: Io) {
    this.io = io;
    this.out = new LineWriter(io.stdout, () => {
      if (io.stdout.isTTY) this.overlay?.clear();
    });
  }

  get signal(): AbortSignal {
    return this.io.signal;
  }

  /** A path of this machine as an absolute one. @throws UsageError where that takes a directory that is gone. */
  absolute(path: string): string {
    const { cwd } = this.io;
    if (cwd !== undefined || isAbsolute(path)) return resolve(cwd ?? "/", path);
    throw new UsageError(
      `${printable(path)}: the working directory does not exist any more: go to another one`,
    );
  }

  /** Opens a store with the flags and environment of this run; closed when the run ends. */
  async open(spec: StoreSpec): Promise<Driver> {
    const driver = await openDriver(spec, {
      flags: this.driverFlags,
      env: this.io.env,
      calls: this.calls,
    });
    this.#drivers.set(driver, spec);
    return driver;
  }

  /** What a store was opened with: what its location says, and so nothing secret. */
  specOf(driver: Driver): StoreSpec | undefined {
    return this.#drivers.get(driver);
  }

  /** One line on stderr: `omnisync: <text>`. The text holds no raw control characters. */
  complain(text: string): void {
    this.note(`${this.palette(this.io.stderr.isTTY).red("omnisync:")} ${text}`);
  }

  /** One line on stderr, as it is. */
  note(text: string): void {
    this.overlay?.clear();
    this.io.stderr.write(`${text}\n`);
  }

  /** Colours for a stream that is, or is not, a terminal. */
  palette(isTTY: boolean | undefined): Palette {
    const wanted =
      this.color && (this.io.env["NO_COLOR"] ?? "") === "" && this.io.env["TERM"] !== "dumb";
    return createPalette(wanted && isTTY === true);
  }

  async close(): Promise<void> {
    const drivers = [...this.#drivers.keys()];
    this.#drivers.clear();
    await Promise.all(drivers.map((driver) => driver.close()));
  }
}
