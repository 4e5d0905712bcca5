/**
 * Spots: locations of the command line, taken apart but not yet opened. A spot knows how to open its
 * store rooted at itself, or at the directory that it lies in.
 */
import { realpathSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Driver,
  type Location,
  type Settings,
  StorageError,
  baseName,
  definitionByScheme,
  formatLocation,
  joinPath,
  parentPath,
  parseLocation,
  printable,
} from "@omnisync/storage";
import type { Session } from "./session.ts";
import { UsageError } from "./usage-error.ts";

export interface Spot {
  /** As the user wrote it, safe to print. */
  readonly text: string;
  readonly trailingSlash: boolean;
  readonly isLocal: boolean;
  /** Where a local one lies: absolute, without "." or "..", without a slash at its end. */
  readonly localPath?: string;
  /** The last name; "" for the root of a store. */
  readonly name: string;
  /** Opens the store rooted here, whether or not anything is here. Links on the way are resolved. */
  open(session: Session): Promise<Driver>;
  /** The spot that this one lies in. Not for roots. */
  parent(): Spot;
  child(name: string): Spot;
  /** The spot with its own last link resolved; itself where there is none. */
  resolved(): Promise<Spot>;
  /** The directory that holds both, and their paths in it; `undefined` if their stores differ. */
  common(other: Spot): CommonRoot | undefined;
}

export interface CommonRoot {
  readonly root: Spot;
  readonly from: string;
  readonly to: string;
}

/**
 * Takes a location apart.
 * @throws UsageError for a kind of place that this version cannot open.
 * @throws StorageError `invalid-argument` or `invalid-path` for a malformed one.
 */
export function parseSpot(text: string, session: Session): Spot {
  const location = parseLocation(text);
  switch (location.kind) {
    case "local":
      return new LocalSpot(
        session.absolute(expandHome(location.path, session)),
        printable(text),
        location.trailingSlash,
      );
    case "url":
      return urlSpot(location);
    case "sftp":
      throw new UsageError(
        `${printable(formatLocation(location))}: this version has no sftp driver: write ./${printable(text)} if a local file is meant`,
      );
    case "virtual":
      throw new UsageError(
        `${printable(text)}: this version has no virtual paths: write a local path or a URL such as s3://bucket/path`,
      );
  }
}

function urlSpot(location: Extract<Location, { readonly kind: "url" }>): Spot {
  const { scheme, url, trailingSlash } = location;
  const text = printable(formatLocation(location));
  if (scheme === "file") return new LocalSpot(resolve(filePath(url, text)), text, trailingSlash);
  const definition = definitionByScheme(scheme);
  const { settings, path } = definition.parseUrl(url);
  return new StoreSpot({ driver: definition.name, settings, path, text, trailingSlash });
}

function filePath(url: string, text: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new UsageError(`${text}: is not a file URL: write file:///absolute/path`, { cause });
  }
}

function expandHome(path: string, session: Session): string {
  const match = /^~([^/\\]*)(.*)$/s.exec(path);
  if (match === null) return path;
  const [, user, rest = ""] = match;
  if (user === "") return join(session.io.env["HOME"] ?? homedir(), rest);
  if (user === userInfo().username) return join(userInfo().homedir, rest);
  throw new UsageError(
    `${printable(path)}: the home of another user is not known here: write its path, or ./${printable(path)} for a file of that name`,
  );
}

class LocalSpot implements Spot {
  readonly text: string;
  readonly trailingSlash: boolean;
  readonly isLocal = true;
  readonly name: string;
  readonly localPath: string;

  constructor(path: string, text: string, trailingSlash: boolean) {
    this.localPath = path;
    this.text = text;
    this.trailingSlash = trailingSlash;
    this.name = basename(path);
  }

  async open(session: Session): Promise<Driver> {
    return session.open({ driver: "file", root: realPath(this.localPath) });
  }

  parent(): Spot {
    return new LocalSpot(dirname(this.localPath), this.text, false);
  }

  child(name: string): Spot {
    return new LocalSpot(join(this.localPath, name), join(this.text, printable(name)), false);
  }

  async resolved(): Promise<Spot> {
    return new LocalSpot(realPath(this.localPath), this.text, this.trailingSlash);
  }

  common(other: Spot): CommonRoot | undefined {
    if (!(other instanceof LocalSpot)) return undefined;
    const split = splitCommon(this.localPath.split("/"), other.localPath.split("/"));
    return split && { ...split, root: new LocalSpot(split.shared || "/", this.text, true) };
  }
}

interface StoreSpotParts {
  readonly driver: string;
  readonly settings: Settings;
  readonly path: string;
  readonly text: string;
  readonly trailingSlash: boolean;
}

class StoreSpot implements Spot {
  readonly text: string;
  readonly trailingSlash: boolean;
  readonly isLocal = false;
  readonly name: string;
  readonly #parts: StoreSpotParts;

  constructor(parts: StoreSpotParts) {
    this.#parts = parts;
    this.text = parts.text;
    this.trailingSlash = parts.trailingSlash;
    this.name = baseName(parts.path);
  }

  open(session: Session): Promise<Driver> {
    const { driver, settings, path } = this.#parts;
    return session.open({ ...settings, driver, root: path });
  }

  parent(): Spot {
    return this.#at(parentPath(this.#parts.path), this.text, false);
  }

  child(name: string): Spot {
    const text = `${this.text.replace(/\/$/, "")}/${printable(name)}`;
    return this.#at(joinPath(this.#parts.path, name), text, false);
  }

  async resolved(): Promise<Spot> {
    return this;
  }

  common(other: Spot): CommonRoot | undefined {
    if (!(other instanceof StoreSpot)) return undefined;
    const mine = this.#parts;
    const theirs = other.#parts;
    const store = ({ driver, settings }: StoreSpotParts): string =>
      JSON.stringify([driver, settings]);
    if (store(mine) !== store(theirs)) return undefined;
    const split = splitCommon(mine.path.split("/"), theirs.path.split("/"));
    return split && { ...split, root: this.#at(split.shared, this.text, true) };
  }

  #at(path: string, text: string, trailingSlash: boolean): Spot {
    return new StoreSpot({ ...this.#parts, path, text, trailingSlash });
  }
}

/** The longest shared directory of two paths; both keep at least their last name. */
function splitCommon(
  from: readonly string[],
  to: readonly string[],
): { readonly shared: string; readonly from: string; readonly to: string } {
  const most = Math.min(from.length, to.length) - 1;
  let shared = 0;
  while (shared < most && from[shared] === to[shared]) shared++;
  return {
    shared: from.slice(0, shared).join("/"),
    from: from.slice(shared).join("/"),
    to: to.slice(shared).join("/"),
  };
}

/** Why a path of this machine leads nowhere that could be opened. */
function unreachable(path: string, cause: NodeJS.ErrnoException): StorageError {
  if (cause.code === "EACCES") return new StorageError("permission-denied", { path, cause });
  if (cause.code === "ELOOP")
    return new StorageError("unsupported", { path, message: "links lead in a circle", cause });
  return new StorageError("internal", { path, message: cause.message, cause });
}

/** The path without links; where its end is missing, the links of what is there are resolved. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(path);
    if ((code !== "ENOENT" && code !== "ENOTDIR") || above === path) {
      throw unreachable(path, error as NodeJS.ErrnoException);
    }
    return join(realPath(above), basename(path));
  }
}
