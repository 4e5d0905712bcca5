/**
 * A disk that takes `A` for `a`, and one Unicode form for the other, as those of Windows, macOS and USB sticks do:
 * a name is found under each spelling, listed under the one that it was made with, and a condition sees what it finds.
 * For destinations only.
 */
import { type Driver, type Entry, FileDriver } from "@omnisync/storage";
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Which of the arguments of a method are paths. Default: the first. */
const PATHS: Readonly<Record<string, readonly number[]>> = {
  copy: [1],
  hardLink: [0, 1],
  move: [0, 1],
  canCopyFrom: [],
  about: [],
  close: [],
};

export function foldingDisk(root: string): Driver {
  let last: Promise<unknown> = Promise.resolve();
  /** One after the other, as what lies there must not change between a look and a change. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work, work);
    last = done;
    return done;
  };
  return new Proxy(new FileDriver({ root, calls: "few" }), {
    get(driver, name) {
      const value: unknown = Reflect.get(driver, name, driver);
      if (typeof value !== "function" || typeof name !== "string") return value;
      const call = value.bind(driver) as (...args: unknown[]) => unknown;
      const resolve = (args: readonly unknown[]): unknown[] =>
        args.map((arg, index) =>
          (PATHS[name] ?? [0]).includes(index) && typeof arg === "string" ? stored(root, arg) : arg,
        );
      const asked = (args: readonly unknown[]): string => String(args[PATHS[name]?.at(-1) ?? 0]);
      if (name === "list")
        return (...args: unknown[]) => relisted(call(...resolve(args)) as Pages, asked(args));
      if (name === "canCopyFrom" || name === "close") return call;
      return (...args: unknown[]) =>
        inTurn(async () => renamed(await call(...resolve(args)), asked(args)));
    },
  });
}

type Pages = AsyncIterable<readonly Entry[]>;

/** The path under which one lies there; of what is missing, as it is asked for. */
function stored(root: string, path: string): string {
  let at = "";
  for (const name of path === "" ? [] : path.split("/")) {
    const found = namesIn(join(root, at)).find((other) => fold(other) === fold(name));
    at = at === "" ? (found ?? name) : `${at}/${found ?? name}`;
  }
  return at;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Entries have the path that was asked for. */
function renamed(result: unknown, path: string): unknown {
  if (typeof result !== "object" || result === null) return result;
  if ("entry" in result) return { ...result, entry: renamed(result.entry, path) };
  return "path" in result && "kind" in result ? { ...result, path } : result;
}

async function* relisted(pages: Pages, directory: string): Pages {
  const { length } = directory.split("/");
  for await (const page of pages) {
    if (directory === "") yield page;
    else {
      yield page.map((entry) => {
        const rest = entry.path.split("/").slice(length).join("/");
        return { ...entry, path: `${directory}/${rest}` };
      });
    }
  }
}

function fold(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
