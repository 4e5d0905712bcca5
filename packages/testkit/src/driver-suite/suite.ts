/**
 * What the areas of the driver suite are written against: a test with its rules, and what a test gets.
 * Which tests exist is decided by capability when a suite is built; what a store does otherwise is named,
 * with the reason, and is then expected to fail: a store that mends its ways fails the suite.
 */
import { type Abilities, type Capabilities, type Driver, isStorageError } from "@omnisync/storage";
import { afterAll, describe, test } from "vitest";

export interface DriverSetup {
  /** A driver over a fresh, empty root; called once for nearly every test, also in parallel. */
  open(): Promise<Driver>;
  /** Another driver over the root of `driver`, with nothing shared. Default: the driver itself. */
  reopen?(driver: Driver): Promise<Driver>;
  /** Called when a test is done with a driver. Default: closes it. */
  close?(driver: Driver): Promise<void>;
  /** Rules that this driver or its store does not keep, each with the reason, which is part of the title. */
  readonly deviations?: readonly Deviation[] | undefined;
  /** Entries of the one long listing. Default 2500: more than two pages of an S3 listing. */
  readonly longListing?: number | undefined;
}

export interface Deviation {
  /** `ST-33`. */
  readonly rule: string;
  readonly reason: string;
  /** Only tests whose title holds this text. Default: every test of the rule. */
  readonly only?: string | undefined;
  /** It breaks the rule now and then only, so that no test can tell: the test is left out. Default false. */
  readonly sometimes?: boolean | undefined;
}

export interface Suite {
  readonly capabilities: Capabilities;
  readonly longListing: number;
  /** Whether the driver has a method that has no capability of its own, such as `mkdir`. */
  has(method: keyof Abilities): boolean;
  /** Adds a test of one or more rules: `"ST-12"`, `"ST-12 ST-37"`. */
  test(rules: string, title: string, run: (context: SuiteContext) => Promise<void>): void;
  /**
   * A root that is filled once, on first use, for tests that only read it.
   * `name` identifies it among the areas and the runs with an ability switched off.
   */
  filled(name: string, fill: (driver: Driver) => Promise<void>): () => Promise<Driver>;
}

interface SuiteContext {
  /** Over a root that nobody else uses. */
  readonly driver: Driver;
  /** Another driver over the same root. */
  reopen(): Promise<Driver>;
  /** A driver over another fresh root. */
  openOther(): Promise<Driver>;
}

export type Area = (suite: Suite) => void;

/** Roots filled once, by name; shared between a suite and its runs with one ability switched off. */
export type FilledRoots = Map<string, Promise<Driver>>;

export interface SuiteParts {
  readonly name: string;
  readonly setup: DriverSetup;
  /** A driver as it is tested; tells what there is to test. */
  readonly sample: Driver;
  readonly filled: FilledRoots;
  readonly areas: Readonly<Record<string, Area>>;
  /** Puts a layer around every driver that is opened. */
  wrap(driver: Driver): Driver;
}

/** Registers the tests of some areas as one `describe`, run concurrently. */
export function describeAreas(parts: SuiteParts): void {
  describe.concurrent(parts.name, () => {
    for (const [area, addTests] of Object.entries(parts.areas)) {
      const register: (() => void)[] = [];
      addTests(createSuite(parts, register));
      // Without the ability an area may have nothing to test; an empty `describe` is a failure.
      if (register.length > 0) describe.concurrent(area, () => register.forEach((add) => add()));
    }
  });
}

/** Closes the roots that were filled for several tests, after the last one. */
export function closeFilled(setup: DriverSetup, filled: FilledRoots): void {
  afterAll(async () => {
    for (const driver of filled.values()) await closeDriver(setup, await driver);
  });
}

function createSuite(parts: SuiteParts, register: (() => void)[]): Suite {
  const { setup, sample, filled } = parts;
  return {
    capabilities: sample.capabilities,
    longListing: setup.longListing ?? 2500,
    has: (method) => sample[method] !== undefined,
    test(rules, title, run) {
      const titled = `[${rules}] ${title}`;
      const deviation = setup.deviations?.find(
        ({ rule, only }) => rules.split(" ").includes(rule) && title.includes(only ?? ""),
      );
      if (deviation === undefined) register.push(() => test(titled, () => runTest(parts, run)));
      else if (!deviation.sometimes) {
        const differently = `${titled} (not here: ${deviation.reason})`;
        register.push(() => test.fails(differently, () => runTest(parts, run)));
      }
    },
    filled: (name, fill) => async () => {
      const driver = filled.get(name) ?? openFilled(setup, fill);
      filled.set(name, driver);
      return parts.wrap(await driver);
    },
  };
}

async function runTest(
  { setup, wrap }: SuiteParts,
  run: (context: SuiteContext) => Promise<void>,
): Promise<void> {
  const opened: Driver[] = [];
  const open = async (driver: Promise<Driver>): Promise<Driver> => {
    opened.push(await driver);
    return wrap(await driver);
  };
  const driver = await open(setup.open());
  try {
    await run({
      driver,
      reopen: () =>
        setup.reopen === undefined
          ? Promise.resolve(driver)
          : open(setup.reopen(opened[0] as Driver)),
      openOther: () => open(setup.open()),
    });
  } finally {
    for (const each of opened) await closeDriver(setup, each);
  }
}

async function openFilled(
  setup: DriverSetup,
  fill: (driver: Driver) => Promise<void>,
): Promise<Driver> {
  const driver = await setup.open();
  await fill(driver);
  return driver;
}

async function closeDriver(setup: DriverSetup, driver: Driver): Promise<void> {
  await (setup.close === undefined ? driver.close() : setup.close(driver)).catch(
    (error: unknown) => {
      // A test of `close` may have closed it, and two drivers may share what is closed.
      if (!isStorageError(error, "closed")) throw error;
    },
  );
}
