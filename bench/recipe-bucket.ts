/** A bucket of a recipe server: started, told what it has to hold, and asked what it holds. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { S3Access } from "./peers.ts";

export interface RecipeBucket extends S3Access {
  /** Makes an object of `size` zeros. @returns its ETag. */
  makeZeros(key: string, size: number): Promise<string>;
  put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Bytes of bodies until now. */
  sent(): Promise<number>;
  /** @throws Error if the object is not what is in the file. */
  verify(key: string, file: string): Promise<void>;
  stop(): void;
}

const BUCKET = "bench";

export async function startRecipeBucket(): Promise<RecipeBucket> {
  const script = join(import.meta.dirname, "recipe-server.ts");
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const [endpoint] = (await once(createInterface(child.stdout), "line")) as [string];
  const ask = async (key: string, query: string, init: RequestInit): Promise<Response> => {
    const answer = await fetch(`${endpoint}/${BUCKET}/${key}?${query}`, init);
    if (answer.ok) return answer;
    throw new Error(`${key}: ${await answer.text()}`);
  };
  return {
    endpoint,
    accessKeyId: "any",
    secretAccessKey: "any",
    async makeZeros(key, size) {
      const { headers } = await ask(key, `zeros=${size}`, { method: "POST" });
      return headers.get("etag")!.replaceAll('"', "");
    },
    async put(key, bytes) {
      await ask(key, "", { method: "PUT", body: bytes });
    },
    async sent() {
      return Number(await (await ask("", "sent", { method: "POST" })).text());
    },
    async verify(key, file) {
      const found = await post(`${endpoint}/${BUCKET}/${key}?verify=${encodeURIComponent(file)}`);
      if (found !== "equal") throw new Error(`${key} is not ${file}: ${found}`);
    },
    stop() {
      child.kill();
    },
  };
}

/** However long it takes until there is an answer: `fetch` waits for five minutes. */
async function post(url: string): Promise<string> {
  const asked = request(url, { method: "POST" }).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  return text(answer);
}
