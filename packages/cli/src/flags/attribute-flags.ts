/** Which attributes are kept, and what they become. */
import { UsageError } from "../usage-error.ts";
import { EVERYWHERE, type Flag, toggle } from "./flag.ts";
import type { FlagValues, MapGiven } from "./flag-values.ts";
import { parseIdMap } from "./id-map.ts";

export const ATTRIBUTE_FLAGS: readonly Flag[] = [
  {
    long: "archive",
    short: "a",
    help: "Same as -rlptgoD: everything but -A -X -H",
    set: (values) => {
      values.recursive = values.recursive === true ? true : "archive";
      values.devices = true;
      values.specials = true;
      for (const key of ["links", "perms", "times", "group", "owner"] as const) values[key] = true;
    },
  },
  toggle("times", {
    short: "t",
    negatable: true,
    help: "Keep times of change (default)",
    rsyncHelp: "Keep times of change",
  }),
  toggle("omitDirTimes", { short: "O", negatable: true, help: "Do not keep times of directories" }),
  toggle("omitLinkTimes", { short: "J", negatable: true, help: "Do not keep times of links" }),
  toggle("perms", {
    short: "p",
    negatable: true,
    help: "Keep and compare permission bits (default)",
    rsyncHelp: "Keep and compare permission bits",
    showNegated: "Neither keep nor compare permission bits",
    where: EVERYWHERE,
  }),
  toggle("executability", {
    short: "E",
    help: "Without permission bits: keep whether files are executable",
  }),
  toggle("owner", {
    short: "o",
    negatable: true,
    help: "Keep the owner (super-user only on a disk)",
  }),
  toggle("group", { short: "g", negatable: true, help: "Keep the group" }),
  toggle("numericIds", { negatable: true, help: "Owner and group by number, never by name" }),
  map("usermap", "owner"),
  map("groupmap", "group"),
  {
    long: "chown",
    value: "user:group",
    help: "Everything gets this owner, this group, or both",
    set: (values, { text }) => chown(values, text),
  },
  {
    long: "chmod",
    value: "changes",
    help: "Change permission bits on the way: D755,F644 or go-w; may be repeated",
    set: (values, { text }) => void (values.chmod ??= []).push(...text.split(",")),
  },
  {
    ...toggle("xattrs", { short: "X", negatable: true, help: "Keep extended attributes" }),
  },
  {
    ...toggle("acls", {
      short: "A",
      negatable: true,
      help: "Keep access control lists, and with them permission bits",
    }),
    set: (values) => {
      values.acls = true;
      values.perms = true;
    },
  },
  toggle("hardLinks", {
    short: "H",
    negatable: true,
    help: "Files that are one at the source are one at the destination",
  }),
];

function map(key: "usermap" | "groupmap", owner: "owner" | "group"): Flag {
  return {
    long: key,
    value: "from:to,...",
    help: `Rename ${owner}s on the way; the first that matches decides`,
    set: (values, { text, flag }) => {
      setMap(values, key, { by: `--${key}`, rules: parseIdMap(flag, text) });
      values[owner] = true;
    },
  };
}

function chown(values: FlagValues, text: string): void {
  const colon = text.indexOf(":");
  const user = colon < 0 ? text : text.slice(0, colon);
  const group = colon < 0 ? "" : text.slice(colon + 1);
  if (user !== "") {
    setMap(values, "usermap", { by: "--chown", rules: [{ from: "*", to: user }] });
    values.owner = true;
  }
  if (group !== "") {
    setMap(values, "groupmap", { by: "--chown", rules: [{ from: "*", to: group }] });
    values.group = true;
  }
}

function setMap(values: FlagValues, key: "usermap" | "groupmap", given: MapGiven): void {
  const before = values[key]?.by;
  if (before === given.by) throw new UsageError(`${given.by} can be given once`);
  if (before !== undefined) {
    throw new UsageError(
      `${given.by} and ${before} exclude each other: both say what the ${key === "usermap" ? "owner" : "group"} becomes`,
    );
  }
  values[key] = given;
}
