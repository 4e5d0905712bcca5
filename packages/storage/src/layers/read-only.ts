import { type Capabilities, NO_CONDITIONS } from "../capabilities.ts";
import type { Driver } from "../driver.ts";
import { StorageError } from "../errors.ts";
import { type Call, type Operation, intercept } from "./intercept.ts";

/**
 * `driver` without any way to change the store: `write`, `remove`, `mkdir`, `rmdir`, `writeLink`, `hardLink`,
 * `makeSpecial`, `patch`, `flush`, `removeStale`, `removeVersion` and `presign` for PUT throw `read-only`; the other
 * changing abilities (copy, move, setAttributes, multipart, stage, removeMany) are gone.
 */
export function readOnly(driver: Driver): Driver {
  return intercept(driver, {
    rewrap: readOnly,
    capabilities: withoutChanges,
    async around(call, run) {
      if (!READING.has(call.operation)) throw refusal(call);
      return run();
    },
    methods: {
      async presign(path, options) {
        if (options.method !== "GET") throw refusal({ operation: "presign", path });
        return driver.presign!(path, options);
      },
    },
  });
}

/** What is not in here is refused, so that an operation of tomorrow is refused too. */
const READING: ReadonlySet<Operation> = new Set<Operation>([
  "probe",
  "stat",
  "list",
  "read",
  "readBlock",
  "openFile",
  "readLink",
  "identify",
  "about",
  "watch",
]);

function withoutChanges(inner: Capabilities): Capabilities {
  return {
    ...inner,
    conditions: NO_CONDITIONS,
    copy: undefined,
    move: false,
    setAttributes: false,
    multipart: undefined,
    copyPart: false,
    stage: false,
    removeMany: undefined,
  };
}

function refusal({ operation, path }: Call): StorageError {
  return new StorageError("read-only", {
    path,
    operation,
    message: "the store is opened read-only",
  });
}
