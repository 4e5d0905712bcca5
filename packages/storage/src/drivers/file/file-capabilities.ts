import { type Capabilities, NO_CAPABILITIES } from "../../capabilities.ts";

const isSuperUser: boolean = process.geteuid?.() === 0;

/** Preconditions: `create` is atomic; `replace` and `remove` compare microseconds before they act. */
export const FILE_CAPABILITIES: Capabilities = {
  ...NO_CAPABILITIES,
  orderedList: true,
  resumableList: true,
  completeList: true,
  directories: true,
  mtimePrecision: 0.001,
  mode: true,
  owner: isSuperUser ? "both" : process.platform === "win32" ? undefined : "group",
  ownGroups: process.getgroups?.() ?? [],
  xattrs: ["linux", "darwin", "freebsd", "android"].includes(process.platform),
  xattrNames: isSuperUser ? "not-system" : "user",
  acls: process.platform === "linux",
  // File systems differ; these are what the platforms' usual ones do.
  caseSensitive: process.platform !== "darwin" && process.platform !== "win32",
  maxNameBytes: 255,
  conditions: {
    create: true,
    replace: true,
    remove: true,
    copySource: true,
    partSource: false,
    copyTarget: true,
    complete: false,
  },
  copy: "local",
  move: true,
  setAttributes: true,
  symlinks: "native",
  specials: process.platform !== "win32",
  stage: true,
  readBlock: true,
  removeMany: 1000,
  about: true,
  watch: true,
  concurrency: 128,
};
