/** A plan as text: a header, one action a line, and a last line that makes damage visible. */
import { createHash } from "node:crypto";
import type { Plan } from "./plan.ts";

/** Lines put together into one chunk. */
const CHUNK = 64 * 1024;

/** The lines of a plan, newlines included, in chunks. Bounded memory. */
export async function* writePlan(plan: Pick<Plan, "header" | "actions">): AsyncIterable<string> {
  const digest = new PlanDigest();
  const header = `${JSON.stringify(plan.header)}\n`;
  digest.header(header);
  let chunk = header;
  let actions = 0;
  for await (const action of plan.actions()) {
    const line = `${JSON.stringify(action)}\n`;
    digest.line(line);
    actions++;
    chunk += line;
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = "";
  }
  yield `${chunk}${JSON.stringify({ end: { actions, sha256: digest.hex() } })}\n`;
}

/** The checksum of a plan: over all lines but the last, the time of its making left out. */
export class PlanDigest {
  readonly #hash = createHash("sha256");

  header(line: string): void {
    this.#hash.update(line.replace(/"created":"[^"]*"/, '"created":""'));
  }

  line(line: string): void {
    this.#hash.update(line);
  }

  hex(): string {
    return this.#hash.digest("hex");
  }
}
