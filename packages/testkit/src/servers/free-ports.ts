import { once } from "node:events";
import { createServer } from "node:net";

/** Below the range that the kernel gives to outgoing connections, which could take one meanwhile. */
const LOWEST = 12_000;
const HIGHEST = 32_000;

/**
 * The first of `count` ports in a row that are free on 127.0.0.1 now.
 * @throws Error if none was found in many tries.
 */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - count));
    if (await allFree(first, count)) return first;
  }
  throw new Error(`found no ${count} free ports in a row between ${LOWEST} and ${HIGHEST}`);
}

async function allFree(first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port += 1) {
    if (!(await isFree(port))) return false;
  }
  return true;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  } finally {
    server.close();
  }
}
