/** Excluded directories are not entered, and nobody can tell by what comes of a run. */
import { type Driver, FileDriver, type ListOptions } from "@omnisync/storage";
import { intercept } from "@omnisync/storage/layers";
import { type GivenKind, type GivenRule, loadFilter, sync } from "@omnisync/sync";
import fc from "fast-check";
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Filter } from "../../src/filter/filter.ts";
import { pruneRules } from "../../src/filter/prune-rules.ts";
import { listPlace } from "../../src/walk/list-place.ts";
import { type Tree, rules, tree } from "../random-filters.ts";
import { contents, place, recorder } from "../stores.ts";

function plant(tree: Tree): FileDriver {
  const root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  const driver = new FileDriver({ root });
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  onTestFinished(async () => {
    await driver.close();
    rmSync(root, { recursive: true, force: true });
  });
  return driver;
}

/** The same store, which goes into everything. */
function entersAll(driver: Driver): Driver {
  return intercept(driver, {
    rewrap: entersAll,
    methods: {
      list: (path: string, options?: ListOptions) =>
        driver.list(path, { ...options, prune: undefined }),
    },
  });
}

/** What a walk of a source gives, and what the driver gave for it. */
async function walked(driver: Driver, filter: Filter): Promise<{ kept: string[]; seen: string[] }> {
  const seen: string[] = [];
  const watched = intercept(driver, {
    rewrap: (view) => view,
    methods: {
      list: async function* (path: string, options?: ListOptions) {
        for await (const page of driver.list(path, options)) {
          seen.push(...page.map((entry) => entry.path));
          yield page;
        }
      },
    },
  });
  const kept: string[] = [];
  const onProblem = (problem: Error): void => {
    throw problem;
  };
  for await (const page of listPlace(place(watched), await driver.stat(""), { filter, onProblem }))
    kept.push(...page.map((entry) => entry.path));
  return { kept, seen };
}

const given = (kind: GivenKind, ...texts: readonly string[]): readonly GivenRule[] =>
  texts.map((text) => ({ kind, text }));

const TREE: Tree = {
  "a/node_modules/x/y": "1",
  "a/node_modules.txt": "1",
  "a/src/z": "1",
  "node_modules/b": "1",
  top: "1",
};

describe("[SY-390] excluded directories are not entered", () => {
  it.each([
    ["rsync", given("exclude", "node_modules/")],
    ["rsync", given("filter", "- node_modules")],
    ["rsync", given("filter", "+ *.txt", "-s node_modules/***")],
    ["rclone", given("exclude", "node_modules/**")],
    ["simple", [...given("include", "*"), ...given("exclude", "node_modules/")]],
  ] as const)("%s %j", async (style, rules) => {
    const { seen } = await walked(plant(TREE), await loadFilter(rules, { style }));
    expect(seen).not.toContain("node_modules/b");
    expect(seen).not.toContain("a/node_modules/x");
    expect(seen).toEqual(expect.arrayContaining(["a/node_modules", "a/src/z", "top"]));
  });

  it.each([
    ["an include stands before", given("filter", "+ node_modules/", "- node_modules/")],
    ["a rule file of a directory stands before", given("filter", ": .rules", "- node_modules/")],
    ["an include that cannot be told", given("filter", "+! x/", "- node_modules/")],
    ["it is about the destination", given("filter", "P node_modules/")],
    ["it is about files", given("filter", "-! */", "+ */")],
  ])("but where %s", async (_, rules) => {
    const { seen } = await walked(plant(TREE), await loadFilter(rules));
    expect(seen).toContain("node_modules/b");
  });

  it("patterns see the name above the root", async () => {
    const filter = await loadFilter(given("filter", "- /up/node_modules"), { prefix: "up" });
    const { seen } = await walked(plant(TREE), filter);
    expect(seen).not.toContain("node_modules/b");
    expect(seen).toContain("a/node_modules/x/y");
  });

  it("thousands of rules do not make a walk slow", async () => {
    const many = Array.from({ length: 5000 }, (_, i) => `/none-${i}/`);
    expect(pruneRules(await loadFilter(given("exclude", ...many))).length).toBeLessThan(1000);
  });
});

describe("[SY-390] what a directory's own rule file leaves out", () => {
  const ignored: Tree = { "a/.gitignore": "ignored/", "a/ignored/1/f": "", "a/z": "1", z: "1" };

  it.each([
    ["an ignore file", given("ignore-file", ".gitignore")],
    ["a merge file", given("filter", ":- .gitignore")],
  ])(
    "is left again soon: %s",
    async (_, rules) => {
      const driver = plant(ignored);
      // Many names of one file: names are cheaper to make than files.
      const inside = join(driver.root, "a/ignored/1");
      for (let i = 0; i < 4000; i++) linkSync(join(inside, "f"), join(inside, `g${i}`));
      const { kept, seen } = await walked(driver, await loadFilter(rules));
      expect(kept).toEqual(["a", "a/.gitignore", "a/z", "z"]);
      expect(seen.length).toBeLessThan(3000);
    },
    60_000,
  );

  it("need not be readable, whenever that is found", async () => {
    const driver = plant(ignored);
    for (const directory of ["a", "a/ignored/1"])
      writeFileSync(Buffer.from(join(driver.root, directory, "bad\xff"), "latin1"), "");
    const problems: string[] = [];
    const pages = listPlace(place(driver), await driver.stat(""), {
      filter: await loadFilter(given("ignore-file", ".gitignore")),
      onProblem: (_, path) => void problems.push(path),
    });
    expect((await Array.fromAsync(pages)).flat()).toHaveLength(4);
    expect(problems).toEqual(["a/bad\\xff"]);
  });
});

describe("[SY-392] folders of our own at the destination", () => {
  const temp = ".omnisync-0123456789abcdef-00000001.tmp";
  const bad = Buffer.from([0xff]);

  it("are gone into only as far as leftovers may be there", async () => {
    const staged = ".omnisync/staged-4be0c2f10f3a91c200a3f15e-019a9f2c41d7-8c7dd922";
    const to = plant({
      ".omnisync/trash/20250101T000000Z-00000000/a": "1",
      [`d/${staged}/a`]: "1",
      [`d/.omnisync/partial/${temp}`]: "1",
      [`d/${temp}`]: "1",
      "d/x": "1",
    });
    for (const directory of [".omnisync/trash", `d/${staged}`])
      writeFileSync(Buffer.concat([Buffer.from(`${to.root}/${directory}/`), bad]), "");
    const reserved: string[] = [];
    const pages = listPlace(place(to), await to.stat(""), {
      onProblem: (problem) => {
        throw problem;
      },
      onReserved: (path) => void reserved.push(path),
    });
    expect((await Array.fromAsync(pages)).flat().map(({ path }) => path)).toEqual(["d", "d/x"]);
    expect(reserved).toEqual([
      ".omnisync",
      ".omnisync/trash",
      `d/${temp}`,
      "d/.omnisync",
      "d/.omnisync/partial",
      `d/.omnisync/partial/${temp}`,
      `d/${staged}`,
    ]);
  });

  it("are not gone into at a source", async () => {
    const from = plant({ ".omnisync/signatures/a": "1", a: "1" });
    writeFileSync(Buffer.concat([Buffer.from(`${from.root}/.omnisync/`), bad]), "");
    expect(await walked(from, await loadFilter([]))).toEqual({ kept: ["a"], seen: ["a"] });
  });
});

const RUNS = Number(process.env["RUNS"] ?? 100);

const word = fc.constantFrom(
  "a",
  "d",
  "cache",
  "x y",
  "*",
  "?",
  "[ab]",
  "**",
  "{a,d}",
  "{{d|c.*}}",
);
const glob = fc
  .tuple(fc.boolean(), fc.array(word, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([anchored, words, directory]) =>
    [anchored ? "/" : "", words.join("/"), directory ? "/" : ""].join(""),
  );
const globs = fc.array(
  fc
    .tuple(fc.constantFrom<GivenKind>("include", "exclude"), glob)
    .map(([kind, text]): GivenRule => ({ kind, text })),
  { minLength: 1, maxLength: 5 },
);

describe("[SY-391] what comes of a run is the same", () => {
  it("every listing, in rsync's style", async () => {
    const above = fc.constantFrom(undefined, "d", "up");
    await fc.assert(
      fc.asyncProperty(tree("x"), rules, above, async (files, texts, prefix) => {
        const driver = plant(files);
        const filter = await loadFilter(given("filter", ...texts), { prefix });
        const [pruned, whole] = [
          await walked(driver, filter),
          await walked(entersAll(driver), filter),
        ];
        expect(pruned.kept).toEqual(whole.kept);
      }),
      { numRuns: RUNS },
    );
  }, 600_000);

  it("every listing, in the other styles", async () => {
    const styles = fc.constantFrom("rclone" as const, "simple" as const);
    await fc.assert(
      fc.asyncProperty(tree("x"), globs, styles, async (files, rules, style) => {
        const driver = plant(files);
        const filter = await loadFilter(rules, { style });
        const [pruned, whole] = [
          await walked(driver, filter),
          await walked(entersAll(driver), filter),
        ];
        expect(pruned.kept).toEqual(whole.kept);
      }),
      { numRuns: RUNS },
    );
  }, 600_000);

  it("events, counts and trees", async () => {
    const options = fc.record({
      delete: fc.boolean(),
      deleteExcluded: fc.boolean(),
      pruneEmptyDirs: fc.boolean(),
      deleteTiming: fc.constantFrom("before" as const, "during" as const, "after" as const),
    });
    await fc.assert(
      fc.asyncProperty(tree("s"), tree("longer"), rules, options, async (from, to, texts, how) => {
        const filter = await loadFilter(given("filter", ...texts));
        const run = async (view: (driver: Driver) => Driver): Promise<object> => {
          const [source, destination] = [plant(from), plant(to)];
          const { onEvent, lines } = recorder();
          const report = await sync(place(view(source)), place(view(destination)), {
            ...how,
            filter,
            onEvent,
            jobs: 1,
          });
          const { duration: _, timings: __, ...counts } = report;
          // Several extras are removed at once.
          return { lines: lines().sort(), counts, tree: await contents(destination) };
        };
        expect(await run((driver) => driver)).toEqual(await run(entersAll));
      }),
      { numRuns: RUNS / 4 },
    );
  }, 600_000);
});
