/**
 * The files that AWS tools share: `~/.aws/config` and `~/.aws/credentials`. Only reads them; what a
 * profile means for credentials is decided in `credential-chain.ts`.
 * Format: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { StorageError } from "../../errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Values by lower-case key; a nested `endpoint_url` under `s3 =` has the key `s3.endpoint_url`. */
export type Section = ReadonlyMap<string, string>;

export interface SharedProfile {
  readonly name: string;
  /** Whether either file has it. */
  readonly found: boolean;
  /** Both files together; the credentials file wins. */
  readonly values: Section;
  /** Endpoint for S3: of the `services` section that the profile names, else its `endpoint_url`. */
  readonly endpoint: string | undefined;
  /** The config file, then the credentials file, whether they exist or not. */
  readonly files: SharedFiles;
}

export interface SharedFiles {
  readonly config: string;
  readonly credentials: string;
}

/**
 * A profile of the shared files; missing files are empty.
 * @throws StorageError `permission-denied` for a file that is named in the environment and cannot be read.
 */
export async function readSharedProfile(name: string, env: Environment): Promise<SharedProfile> {
  const files = sharedFiles(env);
  const config = parseSections(readShared(files.config, "AWS_CONFIG_FILE", env));
  const secrets = parseSections(readShared(files.credentials, "AWS_SHARED_CREDENTIALS_FILE", env));
  const fromConfig = config.get(name === "default" ? "default" : `profile ${name}`);
  const own = fromConfig ?? (name === "default" ? config.get("profile default") : undefined);
  const fromSecrets = secrets.get(name) ?? secrets.get(`profile ${name}`);
  const values = new Map([...(own ?? []), ...(fromSecrets ?? [])]);
  const services = config.get(`services ${values.get("services") ?? ""}`);
  return {
    name,
    found: own !== undefined || fromSecrets !== undefined,
    values,
    endpoint: services?.get("s3.endpoint_url") ?? values.get("endpoint_url"),
    files,
  };
}

/** Sections of a file in AWS's form of INI, by name; spaces inside a name are single. */
export function parseSections(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let parent = "";
  for (const raw of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(raw)) continue;
    const heading = /^\[([^\]]+)\]/.exec(raw)?.[1];
    if (heading !== undefined) {
      const name = heading.trim().replace(/\s+/g, " ").replaceAll('"', "");
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
      parent = "";
      continue;
    }
    const pair = /^(\s*)([^=\s][^=]*?)\s*=\s*(.*?)(?:\s+[#;].*)?\s*$/.exec(raw);
    if (pair === null || section === undefined) continue;
    const [, indent, key, value] = pair as unknown as [string, string, string, string];
    if (indent === "") parent = value === "" ? `${key.toLowerCase()}.` : "";
    section.set((indent === "" ? "" : parent) + key.toLowerCase(), value);
  }
  return sections;
}

/** Where the shared files lie. */
function sharedFiles(env: Environment): SharedFiles {
  const home = env["HOME"] || env["USERPROFILE"] || homedir();
  const place = (given: string | undefined, name: string): string => {
    if (given === undefined || given === "") return join(home, ".aws", name);
    return given.startsWith("~/") ? join(home, given.slice(2)) : given;
  };
  return {
    config: place(env["AWS_CONFIG_FILE"], "config"),
    credentials: place(env["AWS_SHARED_CREDENTIALS_FILE"], "credentials"),
  };
}

/** Not asynchronous: two small files, read once at the start, would cost a thread pool. */
function readShared(path: string, variable: string, env: Environment): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return "";
    // A service that runs with somebody else's HOME has no shared files; a file named on purpose is another matter.
    if (code === "EACCES" && !env[variable]) return "";
    throw new StorageError("permission-denied", {
      path,
      message: `cannot be read (${code}); check ${variable} and the file's permissions`,
      cause,
    });
  }
}
