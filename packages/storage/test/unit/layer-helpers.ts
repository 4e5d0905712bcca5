import type { Driver, ListOptions } from "../../src/driver.ts";
import type { Entry } from "../../src/entry.ts";
import { collectBody } from "../../src/lib/body.ts";
import type { Capabilities } from "../../src/capabilities.ts";
import { MEMORY_CAPABILITIES } from "../../src/drivers/memory/memory-capabilities.ts";
import { MemoryDriver } from "../../src/drivers/memory/memory-driver.ts";

/** `length` bytes in which each position is recognisable. */
export function pattern(length: number, salt = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + salt + (index >> 8) * 7) & 0xff);
}

/** A store whose bodies come in pieces of `chunk` bytes and whose listings have pages of `page` entries. */
export class SmallSteps extends MemoryDriver {
  /** How many bodies were opened and neither read to the end nor left. */
  open = 0;
  chunk = 3;
  page = 2;

  override async read(...[path, options]: Parameters<Driver["read"]>): ReturnType<Driver["read"]> {
    const { entry, body } = await super.read(path, options);
    const bytes = await collectBody(body, 1 << 20);
    this.open++;
    return { entry, body: this.#pieces(bytes) };
  }

  override async *list(directory: string, options?: ListOptions): AsyncIterable<readonly Entry[]> {
    for await (const page of super.list(directory, options)) {
      for (let at = 0; at < page.length; at += this.page) yield page.slice(at, at + this.page);
    }
  }

  /** Frees on `return` also before the first step, as a real connection has to. */
  #pieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
    let at = 0;
    let ended = false;
    const end = (): void => {
      if (!ended) this.open--;
      ended = true;
    };
    const stream: AsyncIterableIterator<Uint8Array> = {
      [Symbol.asyncIterator]: () => stream,
      next: async () => {
        const value = bytes.slice(at, at + this.chunk);
        at += this.chunk;
        if (value.byteLength > 0 && !ended) return { done: false, value };
        end();
        return { done: true, value: undefined };
      },
      return: async () => {
        end();
        return { done: true, value: undefined };
      },
    };
    return stream;
  }
}

/** Memory that keeps versions, with the two abilities that it lacks. */
export class FullMemory extends MemoryDriver {
  override readonly capabilities: Capabilities = {
    ...MEMORY_CAPABILITIES,
    presign: true,
    versions: true,
  };

  constructor() {
    super({ versions: true });
  }

  async presign(): Promise<string> {
    return "https://store/a?signature=CANARY-7f3a";
  }

  async removeStale(): Promise<boolean> {
    return true;
  }
}

export async function readAll(driver: Driver, path: string): Promise<Uint8Array> {
  return collectBody((await driver.read(path)).body, 1 << 26);
}

export async function listAll(driver: Driver, options: ListOptions = {}): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const page of driver.list("", { recursive: true, ...options })) entries.push(...page);
  return entries;
}

/** The code of the error that `work` ends with, or "ok". */
export async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "ok";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
