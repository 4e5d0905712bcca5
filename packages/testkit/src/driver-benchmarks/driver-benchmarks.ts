/** How fast a driver is, as a table. For scripts: nothing here needs a test runner. */
import { type Driver, collectBody } from "@omnisync/storage";

export interface BenchmarkSetup {
  /** A driver over a fresh, empty root. */
  open(): Promise<Driver>;
  /** Small files. Default 2000. */
  readonly files?: number | undefined;
  /** Bytes of each. Default 4096. */
  readonly fileSize?: number | undefined;
  /** Bytes of the one large object. Default 256 MiB. */
  readonly largeSize?: number | undefined;
  /** Calls in flight. Default: the driver's `capabilities.concurrency`. */
  readonly concurrency?: number | undefined;
}

export interface BenchmarkRow {
  readonly name: string;
  readonly seconds: number;
  /** Of this process and its threads, user and system, without the server's. */
  readonly cpuSeconds: number;
  /** Calls, entries or MiB per second. */
  readonly rate: number;
  readonly unit: "files/s" | "entries/s" | "MiB/s";
}

const MIB = 1024 * 1024;

/** Measures one driver. Removes what it wrote, and closes the driver. */
export async function measureDriver(setup: BenchmarkSetup): Promise<readonly BenchmarkRow[]> {
  const driver = await setup.open();
  await driver.probe?.();
  try {
    return [...(await measureSmall(driver, setup)), ...(await measureLarge(driver, setup))];
  } finally {
    await driver.close();
  }
}

/** Measures one driver and prints the table. */
export async function driverBenchmarks(name: string, setup: BenchmarkSetup): Promise<void> {
  const rows = await measureDriver(setup);
  process.stdout.write(formatTable(name, rows));
}

async function measureSmall(driver: Driver, setup: BenchmarkSetup): Promise<BenchmarkRow[]> {
  const count = setup.files ?? 2000;
  const content = new Uint8Array(setup.fileSize ?? 4096).fill(0x6f);
  const paths = Array.from({ length: count }, (_, i) => `dir${i % 10}/file${i}`);
  const each = (run: (path: string) => Promise<unknown>) => () =>
    forEachOf(paths, setup.concurrency ?? driver.capabilities.concurrency, run);
  return [
    await measure(
      "put small",
      count,
      "files/s",
      each((path) => driver.write(path, content)),
    ),
    await measure(
      "stat",
      count,
      "files/s",
      each((path) => driver.stat(path)),
    ),
    await measure(
      "get small",
      count,
      "files/s",
      each((path) => readWhole(driver, path)),
    ),
    await measure("list", count, "entries/s", () => countEntries(driver, count)),
    await measure(
      "remove",
      count,
      "files/s",
      each((path) => driver.remove(path)),
    ),
  ];
}

async function measureLarge(driver: Driver, setup: BenchmarkSetup): Promise<BenchmarkRow[]> {
  const size = setup.largeSize ?? 256 * MIB;
  const body = (): AsyncIterable<Uint8Array> => zeros(size);
  const rows = [
    await measure("put large", size / MIB, "MiB/s", () => driver.write("large", body, { size })),
    await measure("get large", size / MIB, "MiB/s", () => drain(driver, "large", size)),
  ];
  await driver.remove("large");
  return rows;
}

async function measure(
  name: string,
  amount: number,
  unit: BenchmarkRow["unit"],
  run: () => Promise<unknown>,
): Promise<BenchmarkRow> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await run();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { name, seconds, cpuSeconds: (user + system) / 1e6, rate: amount / seconds, unit };
}

function formatTable(name: string, rows: readonly BenchmarkRow[]): string {
  const lines = rows.map((row) =>
    [
      row.name.padEnd(12),
      `${row.seconds.toFixed(2)} s`.padStart(9),
      `${row.cpuSeconds.toFixed(2)} s cpu`.padStart(12),
      `${Math.round(row.rate)} ${row.unit}`.padStart(18),
    ].join(" "),
  );
  return `${name}\n${lines.join("\n")}\n`;
}

async function readWhole(driver: Driver, path: string): Promise<void> {
  const { entry, body } = await driver.read(path);
  await collectBody(body, entry.size, { path });
}

async function drain(driver: Driver, path: string, size: number): Promise<void> {
  let bytes = 0;
  for await (const chunk of (await driver.read(path)).body) bytes += chunk.byteLength;
  expectCount("bytes", bytes, size);
}

async function countEntries(driver: Driver, expected: number): Promise<void> {
  let files = 0;
  for await (const page of driver.list("", { recursive: true }))
    files += page.filter((entry) => entry.kind === "file").length;
  expectCount("files", files, expected);
}

/** A figure of a run that did not do the work is worse than none. */
function expectCount(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${actual} ${what} came where ${expected} were written`);
}

async function* zeros(size: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(MIB);
  for (let at = 0; at < size; at += MIB) yield piece.subarray(0, size - at);
}

async function forEachOf(
  paths: readonly string[],
  concurrency: number,
  run: (path: string) => Promise<unknown>,
): Promise<void> {
  const queue = paths.values();
  const worker = async (): Promise<void> => {
    for (const path of queue) await run(path);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
