import { type Capabilities, NO_CAPABILITIES } from "../../capabilities.ts";

/** Bytes. */
export const MAX_OBJECT = 0x7fff_ffff;

export const MEMORY_CAPABILITIES: Capabilities = {
  ...NO_CAPABILITIES,
  orderedList: true,
  resumableList: true,
  completeList: true,
  fileAndDirectory: true,
  mtimePrecision: 0.001,
  mode: true,
  owner: "both",
  xattrs: true,
  acls: true,
  metadata: true,
  contentType: true,
  maxSize: MAX_OBJECT,
  hashes: ["sha256"],
  conditions: {
    create: true,
    replace: true,
    remove: true,
    copySource: true,
    partSource: true,
    copyTarget: true,
    complete: true,
  },
  copy: "server",
  move: true,
  setAttributes: true,
  symlinks: "native",
  specials: true,
  multipart: { minPartSize: 1, maxPartSize: MAX_OBJECT, maxParts: 10_000 },
  copyPart: true,
  stage: true,
  readBlock: true,
  removeMany: 1000,
  about: true,
  watch: true,
  paces: true,
  concurrency: 16,
};
