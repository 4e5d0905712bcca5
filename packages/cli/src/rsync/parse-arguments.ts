/**
 * rsync's command line: bundled short options (`-avz`), values joined or apart (`-B4096`, `--out-format=x`,
 * `--out-format x`), `--no-OPTION` with long and short names, options after operands, `--` ends options.
 * Later ones win, and filters keep their order. Names are never abbreviated.
 */
import { type OptionDescriptor, driverDefinitions, flagName } from "@omnisync/storage";
import { driverOption } from "../flag-values.ts";
import { RSYNC_GROUPS } from "../flags/all-flags.ts";
import type { Flag } from "../flags/flag.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import type { Session } from "../session.ts";
import { UsageError } from "../usage-error.ts";
import { RsyncError } from "./rsync-error.ts";

export interface RsyncArguments {
  readonly values: FlagValues;
  readonly operands: readonly string[];
  readonly help: boolean;
  /** How often `--version` or `-V` was given. */
  readonly version: number;
}

/** One name on the command line: what it does with its value, if it takes one. */
interface Handler {
  readonly takesValue: boolean;
  readonly run: (text: string) => void;
}

/** @throws RsyncError for an unknown option, a missing value, one that is not supported. */
export function parseArguments(argv: readonly string[], session: Session): RsyncArguments {
  const parser = new ArgumentParser(session);
  return parser.parse(argv);
}

class ArgumentParser {
  readonly #values: FlagValues = {};
  readonly #operands: string[] = [];
  readonly #handlers: ReadonlyMap<string, Handler>;
  #help = false;
  #version = 0;

  constructor(session: Session) {
    this.#handlers = new Map([
      ...flagHandlers(this.#values),
      ...driverHandlers(session),
      ["--help", { takesValue: false, run: () => void (this.#help = true) }],
      ["--version", { takesValue: false, run: () => void this.#version++ }],
      ["-V", { takesValue: false, run: () => void this.#version++ }],
    ]);
  }

  parse(argv: readonly string[]): RsyncArguments {
    const rest = [...argv];
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
      if (word === "--") {
        this.#operands.push(...rest.splice(0));
      } else if (word.startsWith("--")) this.#long(word, rest);
      else if (word.startsWith("-") && word !== "-") this.#bundle(word, rest);
      else this.#operands.push(word);
    }
    // The old meaning of -h, where it is all there is.
    const help = this.#help || (argv.length === 1 && argv[0] === "-h");
    return { values: this.#values, operands: this.#operands, help, version: this.#version };
  }

  #long(word: string, rest: string[]): void {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const handler = this.#find(name);
    if (!handler.takesValue) {
      if (equals >= 0) throw syntax(`${name}: option does not take an argument`);
      return call(handler, "");
    }
    call(handler, equals < 0 ? next(name, rest) : word.slice(equals + 1));
  }

  #bundle(word: string, rest: string[]): void {
    for (let at = 1; at < word.length; at++) {
      const name = `-${word[at]}`;
      const handler = this.#find(name);
      if (handler.takesValue) {
        const joined = word.slice(at + 1).replace(/^=/, "");
        return call(handler, at + 1 < word.length ? joined : next(name, rest));
      }
      call(handler, "");
    }
  }

  #find(name: string): Handler {
    const handler = this.#handlers.get(name);
    if (handler === undefined) throw syntax(`${name}: unknown option`);
    return handler;
  }
}

function next(name: string, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined) throw syntax(`${name}: missing argument`);
  return value;
}

function call(handler: Handler, text: string): void {
  try {
    handler.run(text);
  } catch (error) {
    if (error instanceof RsyncError || !(error instanceof UsageError)) throw error;
    throw new RsyncError("syntax", error.message, { cause: error });
  }
}

function syntax(message: string): RsyncError {
  return new RsyncError("syntax", message);
}

function* flagHandlers(values: FlagValues): Iterable<readonly [string, Handler]> {
  for (const { flags } of RSYNC_GROUPS) {
    for (const flag of flags) {
      if (flag.where === undefined || flag.where.includes("rsync")) yield* handlersOf(flag, values);
    }
  }
}

function* handlersOf(flag: Flag, values: FlagValues): Iterable<readonly [string, Handler]> {
  const { long, short, also = [], value, unset } = flag;
  const longs = [long, ...also].filter((name) => name !== undefined);
  const names = [
    ...longs.map((name) => `--${name}`),
    ...(short === undefined ? [] : [`-${short}`]),
  ];
  for (const name of names) {
    const run = (text: string): void => flag.set(values, { text, flag: name, style: "rsync" });
    yield [name, { takesValue: value !== undefined, run }];
  }
  if (unset === undefined) return;
  for (const name of [...longs, ...(short === undefined ? [] : [short])]) {
    yield [`--no-${name}`, { takesValue: false, run: () => unset(values) }];
  }
}

/** `--s3-endpoint` and its like: what every command takes. */
function* driverHandlers(session: Session): Iterable<readonly [string, Handler]> {
  for (const { name, options } of driverDefinitions()) {
    for (const option of options) {
      if (option.flag) yield [flagName(name, option), driverHandler(session, name, option)];
    }
  }
}

function driverHandler(session: Session, driver: string, option: OptionDescriptor): Handler {
  const parse = driverOption(flagName(driver, option), option);
  const run = (text: string): void => {
    const flags = (session.driverFlags[driver] ??= {});
    flags[option.name] = parse(option.type === "boolean" ? text || "true" : text);
  };
  return { takesValue: option.type !== "boolean", run };
}
