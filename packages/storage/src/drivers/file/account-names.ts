/**
 * Names of users and groups, to and from their numbers. The files are read once per process; whom they do
 * not know, `getent` is asked for, as accounts may come from a directory service.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

type Kind = "passwd" | "group";

interface Accounts {
  readonly names: Map<number, string | undefined>;
  readonly ids: Map<string, number | undefined>;
}

const known = new Map<Kind, Accounts>();

export function userName(uid: number): string | undefined {
  return nameOf("passwd", uid);
}

export function groupName(gid: number): string | undefined {
  return nameOf("group", gid);
}

export function userId(name: string): number | undefined {
  return idOf("passwd", name);
}

export function groupId(name: string): number | undefined {
  return idOf("group", name);
}

function nameOf(kind: Kind, id: number): string | undefined {
  const { names } = accounts(kind);
  if (!names.has(id)) names.set(id, ask(kind, String(id))?.name);
  return names.get(id);
}

function idOf(kind: Kind, name: string): number | undefined {
  const { ids } = accounts(kind);
  // `getent` takes digits for a number, and a hyphen for an option.
  if (!ids.has(name)) ids.set(name, /^(?:\d*|-.*)$/.test(name) ? undefined : ask(kind, name)?.id);
  return ids.get(name);
}

function accounts(kind: Kind): Accounts {
  let found = known.get(kind);
  if (found === undefined) {
    found = { names: new Map(), ids: new Map() };
    for (const { name, id } of readLines(kind)
      .map(parseLine)
      .filter((line) => line !== undefined)) {
      if (!found.names.has(id)) found.names.set(id, name);
      if (!found.ids.has(name)) found.ids.set(name, id);
    }
    known.set(kind, found);
  }
  return found;
}

function readLines(kind: Kind): readonly string[] {
  try {
    return readFileSync(`/etc/${kind}`, "utf8").split("\n");
  } catch {
    // Without the file (Windows, a bare container) there are no names, only numbers.
    return [];
  }
}

function ask(kind: Kind, key: string): ReturnType<typeof parseLine> {
  if (process.platform === "win32") return undefined;
  try {
    const output = execFileSync("getent", [kind, key], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 5000,
    });
    return parseLine(output.split("\n")[0] ?? "");
  } catch {
    // It ends with 2 for an unknown account, and some systems have no `getent`.
    return undefined;
  }
}

function parseLine(line: string): { readonly name: string; readonly id: number } | undefined {
  const [name, , id] = line.split(":");
  if (name === undefined || name === "" || id === undefined || !/^\d+$/.test(id)) return undefined;
  return { name, id: Number(id) };
}
