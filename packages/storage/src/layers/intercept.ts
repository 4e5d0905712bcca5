/**
 * The wrapper that every layer is made of. It keeps what is easily lost on the way: abilities that
 * the inner driver lacks stay absent, those that a layer's capabilities deny become absent, both
 * looked up at each use because a driver knows itself only after `probe`; and a copy from a
 * layered source still reaches the store as a copy.
 */
import type { Capabilities } from "../capabilities.ts";
import type {
  Abilities,
  ConditionOptions,
  CopySource,
  Driver,
  FollowOptions,
  Multipart,
  Patch,
  Stage,
  StatOptions,
} from "../driver.ts";
import { StorageError } from "../errors.ts";
import { writeOrLeave } from "../lib/release-stream.ts";
import { markWrapped, unwrapDriver } from "../lib/unwrap-driver.ts";

/** A method of the driver, or of its `multipart` or of a stage. */
export type Operation =
  | Exclude<keyof Methods, "multipart" | "onThrottled">
  | `multipart.${keyof Multipart}`
  | `stage.${Exclude<keyof Stage, "leftover">}`
  | `patch.${Exclude<keyof Patch, "entry">}`;

export interface Call {
  readonly operation: Operation;
  /** "" where the operation has none; the first one of `removeMany`; `from` of `move`. */
  readonly path: string;
  readonly options?: (ConditionOptions & StatOptions) | undefined;
  /** Of `copy` and `multipart.copyPart`. */
  readonly source?: CopySource | undefined;
  /** Length of the bytes that `multipart.putPart` and `stage.write` carry. */
  readonly bytes?: number | undefined;
}

export type Around = <T>(call: Call, run: () => Promise<T>) => Promise<T>;

export interface Interceptor {
  /**
   * Around every call that gives a promise, except `close`. `run` may be called again.
   * For `read` and `watch` it ends when the store has answered, not with the stream.
   */
  readonly around?: Around | undefined;
  /**
   * Around each step of `list`, `listVersions`, `multipart.listParts` and `.listUploads`. `run` must not be
   * called again: a listing that has failed has ended, and would pass for a short one.
   */
  readonly page?: Around | undefined;
  /** Methods that the layer does by itself; they are not passed to `around` or `page`. */
  readonly methods?: Partial<Omit<Methods, "multipart">> | undefined;
  /** The same for the methods of `multipart`. */
  readonly multipart?: Partial<Multipart> | undefined;
  /** Content is not read past the layer: the driver has no `openFile`. Default false. */
  readonly seesContent?: boolean | undefined;
  /** The same layer around another view of the store, where it has `methods` of its own. */
  readonly rewrap?: ((view: Driver) => Driver) | undefined;
  /** Told before the driver under the layer is closed. */
  readonly close?: (() => void) | undefined;
  /** What the layered driver can do. A method whose capability this takes away disappears. */
  readonly capabilities?: ((inner: Capabilities) => Capabilities) | undefined;
}

type Methods = Required<
  Omit<Driver, "name" | "id" | "capabilities" | "close" | "canCopyFrom" | "followLinks">
>;

/** `inner` with every call led through `interceptor`. For layers that leave content as it is. */
export function intercept(inner: Driver, interceptor: Interceptor): Driver {
  const around = interceptor.around ?? ((_call, run) => run());
  const page = interceptor.page ?? ((_call, run) => run());
  const capabilities = liveCapabilities(inner, interceptor.capabilities);
  const { stat, list, read, write, remove, ...abilities }: Methods = {
    ...wrapMethods(inner, around, page),
    probe: (options) =>
      around({ operation: "probe", path: "", options }, async () => {
        await inner.probe!(options);
        return capabilities();
      }),
    ...interceptor.methods,
    multipart: {
      ...wrapMultipart(inner, around, page, capabilities),
      ...interceptor.multipart,
    },
  };
  const followLinks = (options: FollowOptions): Driver => {
    const view = inner.followLinks!(options);
    return interceptor.rewrap?.(view) ?? intercept(view, interceptor);
  };
  const canCopyFrom = (source: Driver): boolean => inner.canCopyFrom!(unwrapDriver(source));
  const driver: Driver = {
    name: inner.name,
    id: inner.id,
    get capabilities() {
      return capabilities();
    },
    stat,
    list,
    read,
    write: (path, body, options) => writeOrLeave(body, () => write(path, body, options)),
    remove,
    async close() {
      interceptor.close?.();
      await inner.close();
    },
  };
  for (const [name, method] of Object.entries({ ...abilities, canCopyFrom, followLinks })) {
    if (name === "openFile" && interceptor.seesContent) continue;
    const present = (): boolean =>
      inner[name as keyof Abilities] !== undefined &&
      (CLAIMS[name as keyof Abilities]?.(capabilities()) ?? true);
    Object.defineProperty(driver, name, {
      enumerable: true,
      get: () => (present() ? method : undefined),
    });
  }
  markWrapped(driver, inner);
  return driver;
}

/** When the capabilities claim a method. Those without an entry have no capability of their own. */
const CLAIMS: Partial<Record<keyof Abilities, (capabilities: Capabilities) => boolean>> = {
  canCopyFrom: (can) => can.copy !== undefined || can.copyPart,
  copy: (can) => can.copy !== undefined,
  move: (can) => can.move,
  setAttributes: (can) => can.setAttributes,
  readLink: (can) => can.symlinks !== undefined,
  writeLink: (can) => can.symlinks !== undefined,
  followLinks: (can) => can.symlinks === "native",
  makeSpecial: (can) => can.specials,
  multipart: (can) => can.multipart !== undefined,
  stage: (can) => can.stage,
  readBlock: (can) => can.readBlock,
  openFile: (can) => can.readBlock,
  presign: (can) => can.presign,
  removeMany: (can) => can.removeMany !== undefined,
  about: (can) => can.about,
  listVersions: (can) => can.versions,
  removeVersion: (can) => can.versions,
  watch: (can) => can.watch,
};

/** The inner driver's capabilities of the moment, changed as the layer says; computed once for each. */
function liveCapabilities(inner: Driver, change: Interceptor["capabilities"]): () => Capabilities {
  if (change === undefined) return () => inner.capabilities;
  let seen: Capabilities | undefined;
  let changed: Capabilities | undefined;
  return () => {
    if (changed === undefined || inner.capabilities !== seen) {
      seen = inner.capabilities;
      changed = change(seen);
    }
    return changed;
  };
}

/** Every method; those that `inner` lacks are never reached. */
function wrapMethods(
  inner: Driver,
  around: Around,
  page: Around,
): Omit<Methods, "multipart" | "probe"> {
  return {
    stat: (path, options) =>
      around({ operation: "stat", path, options }, () => inner.stat(path, options)),
    list: (path, options) =>
      wrapPages(page, { operation: "list", path, options }, () => inner.list(path, options)),
    read: (path, options) =>
      around({ operation: "read", path, options }, () => inner.read(path, options)),
    write: (path, body, options) =>
      around({ operation: "write", path, options }, () => inner.write(path, body, options)),
    remove: (path, options) =>
      around({ operation: "remove", path, options }, () => inner.remove(path, options)),
    mkdir: (path, options) =>
      around({ operation: "mkdir", path, options }, () => inner.mkdir!(path, options)),
    rmdir: (path, options) =>
      around({ operation: "rmdir", path, options }, () => inner.rmdir!(path, options)),
    copy: (source, path, options) =>
      around({ operation: "copy", path, options, source }, () =>
        inner.copy!(unwrapSource(source), path, options),
      ),
    move: (from, to, options) =>
      around({ operation: "move", path: from, options }, () => inner.move!(from, to, options)),
    setAttributes: (path, attributes, options) =>
      around({ operation: "setAttributes", path, options }, () =>
        inner.setAttributes!(path, attributes, options),
      ),
    readLink: (path, options) =>
      around({ operation: "readLink", path, options }, () => inner.readLink!(path, options)),
    writeLink: (path, target, options) =>
      around({ operation: "writeLink", path, options }, () =>
        inner.writeLink!(path, target, options),
      ),
    hardLink: (existing, path, options) =>
      around({ operation: "hardLink", path, options }, () =>
        inner.hardLink!(
          typeof existing === "string" ? existing : unwrapSource(existing),
          path,
          options,
        ),
      ),
    identify: (path, options) =>
      around({ operation: "identify", path, options }, () => inner.identify!(path, options)),
    patch: async (path, options) => {
      const patch = await around({ operation: "patch", path, options }, () =>
        inner.patch!(path, options),
      );
      return wrapPatch(patch, path, around);
    },
    makeSpecial: (path, special, options) =>
      around({ operation: "makeSpecial", path, options }, () =>
        inner.makeSpecial!(path, special, options),
      ),
    stage: async (path, size, options) => {
      const stage = await around({ operation: "stage", path, options }, () =>
        inner.stage!(path, size, options),
      );
      return wrapStage(stage, path, around);
    },
    readBlock: (path, options) =>
      around({ operation: "readBlock", path, options }, () => inner.readBlock!(path, options)),
    openFile: (path, options) =>
      around({ operation: "openFile", path, options }, () => inner.openFile!(path, options)),
    presign: (path, options) =>
      around({ operation: "presign", path }, () => inner.presign!(path, options)),
    removeMany: (paths, options) =>
      around({ operation: "removeMany", path: paths[0] ?? "", options }, () =>
        inner.removeMany!(paths, options),
      ),
    flush: (path, options) =>
      around({ operation: "flush", path, options }, () => inner.flush!(path, options)),
    about: (options) =>
      around({ operation: "about", path: "", options }, () => inner.about!(options)),
    listVersions: (path, options) =>
      wrapPages(page, { operation: "listVersions", path, options }, () =>
        inner.listVersions!(path, options),
      ),
    removeVersion: (path, version, options) =>
      around({ operation: "removeVersion", path, options }, () =>
        inner.removeVersion!(path, version, options),
      ),
    watch: (path, options) =>
      around({ operation: "watch", path, options }, () => inner.watch!(path, options)),
    onThrottled: (listener) => inner.onThrottled!(listener),
    removeStale: (path, options) =>
      around({ operation: "removeStale", path, options }, () => inner.removeStale!(path, options)),
  };
}

function wrapPatch(patch: Patch, path: string, around: Around): Patch {
  return {
    entry: patch.entry,
    write: (offset, bytes, options) =>
      around({ operation: "patch.write", path, options, bytes: bytes.byteLength }, () =>
        patch.write(offset, bytes, options),
      ),
    close: (size, options) =>
      around({ operation: "patch.close", path }, () => patch.close(size, options)),
    leave: () => around({ operation: "patch.leave", path }, () => patch.leave()),
  };
}

function wrapStage(stage: Stage, path: string, around: Around): Stage {
  return {
    write: (offset, bytes, options) =>
      around({ operation: "stage.write", path, options, bytes: bytes.byteLength }, () =>
        stage.write(offset, bytes, options),
      ),
    hash: (name, range, options) =>
      around({ operation: "stage.hash", path, options }, () => stage.hash(name, range, options)),
    commit: (options) =>
      around({ operation: "stage.commit", path, options }, () => stage.commit(options)),
    abort: () => around({ operation: "stage.abort", path }, () => stage.abort()),
    leftover: stage.leftover,
  };
}

function wrapMultipart(
  inner: Driver,
  around: Around,
  page: Around,
  capabilities: () => Capabilities,
): Multipart {
  return {
    create: (path, options) =>
      around({ operation: "multipart.create", path, options }, () =>
        inner.multipart!.create(path, options),
      ),
    putPart: (upload, number, bytes, options) =>
      around(
        {
          operation: "multipart.putPart",
          path: upload.path,
          options,
          bytes: bytes.byteLength,
        },
        () => inner.multipart!.putPart(upload, number, bytes, options),
      ),
    copyPart: (upload, number, source, range, options) =>
      around({ operation: "multipart.copyPart", path: upload.path, options, source }, async () => {
        if (!capabilities().copyPart) {
          throw new StorageError("unsupported", {
            path: upload.path,
            operation: "multipart.copyPart",
            message: "the store cannot copy parts",
          });
        }
        return inner.multipart!.copyPart(upload, number, unwrapSource(source), range, options);
      }),
    listParts: (upload, options) =>
      wrapPages(page, { operation: "multipart.listParts", path: upload.path, options }, () =>
        inner.multipart!.listParts(upload, options),
      ),
    complete: (upload, parts, options) =>
      around({ operation: "multipart.complete", path: upload.path, options }, () =>
        inner.multipart!.complete(upload, parts, options),
      ),
    abort: (upload, options) =>
      around({ operation: "multipart.abort", path: upload.path, options }, () =>
        inner.multipart!.abort(upload, options),
      ),
    listUploads: (path, options) =>
      wrapPages(page, { operation: "multipart.listUploads", path, options }, () =>
        inner.multipart!.listUploads(path, options),
      ),
  };
}

async function* wrapPages<T>(
  page: Around,
  call: Call,
  list: () => AsyncIterable<T>,
): AsyncIterable<T> {
  const pages = list()[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const step = await page(call, () => pages.next());
      ended = step.done === true;
      if (step.done) return;
      yield step.value;
    }
  } finally {
    if (!ended) await pages.return?.();
  }
}

function unwrapSource(source: CopySource): CopySource {
  return { ...source, driver: unwrapDriver(source.driver) };
}
