/**
 * The fields of a JSON object that somebody else wrote, each checked as it is taken. Whoever is done
 * calls `end`: a field that nobody asked for is refused, since it may mean something.
 */
import { StorageError } from "@omnisync/storage";

interface Types {
  readonly string: string;
  readonly number: number;
  readonly boolean: boolean;
}

export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  /** What is being read, for errors: `the price table: entries[2]`. */
  readonly #where: string;
  readonly #taken: Set<string> = new Set();

  constructor(value: unknown, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw refuse(where, "is not an object");
    }
    this.#object = value as Readonly<Record<string, unknown>>;
    this.#where = where;
  }

  /** @throws StorageError `invalid-argument`, as do all methods. */
  static parse(text: string, where: string): Fields {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw refuse(where, "is not JSON", cause);
    }
    return new Fields(value, where);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  optional<Type extends keyof Types>(name: string, type: Type): Types[Type] | undefined {
    const value = this.#take(name);
    if (value === undefined || typeof value === type) return value as Types[Type] | undefined;
    throw refuse(this.#at(name), `is not a ${type}`);
  }

  string(name: string): string {
    return this.#required(name, this.optional(name, "string"));
  }

  /** A finite number that is not negative. */
  amount(name: string): number {
    const value = this.#required(name, this.optional(name, "number"));
    if (Number.isFinite(value) && value >= 0) return value;
    throw refuse(this.#at(name), "is negative");
  }

  /** A whole number that is not negative. */
  count(name: string): number {
    const value = this.amount(name);
    if (Number.isSafeInteger(value)) return value;
    throw refuse(this.#at(name), "is not a whole number");
  }

  choice<Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.string(name);
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw refuse(this.#at(name), `"${value}" is not one of ${words.join(", ")}`);
  }

  object(name: string): Fields {
    return new Fields(this.#required(name, this.#take(name)), this.#at(name));
  }

  list(name: string): readonly Fields[] {
    return this.#array(name).map((value, i) => new Fields(value, `${this.#at(name)}[${i}]`));
  }

  strings(name: string): readonly string[] {
    const values = this.#array(name);
    if (values.every((value) => typeof value === "string")) return values;
    throw refuse(this.#at(name), "is not a list of texts");
  }

  /** For who checks a field otherwise. */
  refuse(name: string, problem: string): StorageError {
    return refuse(this.#at(name), problem);
  }

  /** A field as it is, for who checks it otherwise. */
  raw(name: string): unknown {
    return this.#take(name);
  }

  names(): readonly string[] {
    return Object.keys(this.#object);
  }

  end(): void {
    const unknown = this.names().find((name) => !this.#taken.has(name));
    if (unknown !== undefined) throw refuse(this.#where, `has an unknown field "${unknown}"`);
  }

  #take(name: string): unknown {
    this.#taken.add(name);
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }

  #array(name: string): readonly unknown[] {
    const value = this.#take(name);
    if (Array.isArray(value)) return value;
    throw refuse(this.#at(name), "is not a list");
  }

  #required<T>(name: string, value: T | undefined): T {
    if (value !== undefined) return value;
    throw refuse(this.#at(name), "is missing");
  }

  #at(name: string): string {
    return `${this.#where}: ${name}`;
  }
}

function refuse(where: string, problem: string, cause?: unknown): StorageError {
  return new StorageError("invalid-argument", { message: `${where}: ${problem}`, cause });
}
