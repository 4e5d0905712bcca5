/**
 * Reads a plan file: first all of it, to see that it is whole and says only what this version
 * understands; then again, action by action, when it is applied. Nothing is done by half a plan.
 */
import { StorageError } from "@omnisync/storage";
import { type FileHandle, open } from "node:fs/promises";
import { Fields } from "./fields.ts";
import { parseAction, parseHeader } from "./parse-plan.ts";
import { PLAN_FORMAT, PLAN_VERSION, type PlanHeader } from "./plan-header.ts";
import { PHASES, type PlannedAction } from "./planned-action.ts";
import type { Plan } from "./plan.ts";
import { PlanDigest } from "./write-plan.ts";

/**
 * Opens a plan and checks it to its end.
 * @throws StorageError `not-found`; `invalid-argument` for what is no plan, a plan of another version,
 *   and one that is damaged or cut short.
 */
export async function readPlan(file: string): Promise<Plan> {
  const handle = await openFile(file);
  try {
    const header = await checkWhole(handle);
    return {
      header,
      actions: () => readActions(handle),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, "r");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StorageError(code === "ENOENT" ? "not-found" : "permission-denied", {
      path: file,
      message: code === "ENOENT" ? "no such plan" : message,
      cause: error,
    });
  }
}

async function checkWhole(handle: FileHandle): Promise<PlanHeader> {
  const digest = new PlanDigest();
  let header: PlanHeader | undefined;
  let end: Fields | undefined;
  let actions = 0;
  let phase = 0;
  for await (const line of lines(handle)) {
    if (end !== undefined) throw damaged("goes on behind its end");
    if (header === undefined) {
      header = parseFirst(line);
      digest.header(line);
      continue;
    }
    const fields = Fields.parse(line, `the plan, line ${actions + 2}`);
    if (fields.has("end")) {
      end = fields.object("end");
      fields.end();
      continue;
    }
    digest.line(line);
    actions++;
    const position = PHASES.indexOf(parseAction(fields).phase);
    if (position < phase) throw damaged(`line ${actions + 1} is out of its order`);
    phase = position;
  }
  if (header === undefined) throw damaged("is empty");
  if (end === undefined) throw damaged("was cut short");
  if (end.count("actions") !== actions || header.totals.actions !== actions) {
    throw damaged("lacks actions");
  }
  if (end.string("sha256") !== digest.hex())
    throw damaged("was changed: its checksum does not fit");
  end.end();
  return header;
}

function parseFirst(line: string): PlanHeader {
  const fields = Fields.parse(line, "the plan's header");
  if (fields.raw("format") !== PLAN_FORMAT) {
    throw new StorageError("invalid-argument", { message: "this is not a plan of omnisync" });
  }
  const version = fields.raw("version");
  if (version !== PLAN_VERSION) {
    throw new StorageError("invalid-argument", {
      message: `the plan has format ${String(version)}, this version of omnisync applies ${PLAN_VERSION} only: make the plan again`,
    });
  }
  return parseHeader(fields);
}

async function* readActions(handle: FileHandle): AsyncIterable<PlannedAction> {
  let number = 0;
  for await (const line of lines(handle)) {
    number++;
    if (number === 1) continue;
    const fields = Fields.parse(line, `the plan, line ${number}`);
    if (fields.has("end")) return;
    yield parseAction(fields);
  }
  throw damaged("was cut short while it was applied");
}

/** Bytes read at once, and the longest line that can be one of a plan. */
const BLOCK = 64 * 1024;
const LONGEST_LINE = 16 * 1024 * 1024;

/** Lines with their newlines; a last one without is none. Reads by position, so that readers do not disturb each other. */
async function* lines(handle: FileHandle): AsyncIterable<string> {
  const block = Buffer.alloc(BLOCK);
  let rest: Buffer = Buffer.alloc(0);
  for (let position = 0; ;) {
    const { bytesRead } = await handle.read(block, 0, BLOCK, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    const bytes = Buffer.concat([rest, block.subarray(0, bytesRead)]);
    let from = 0;
    for (let newline = bytes.indexOf(10); newline >= 0; newline = bytes.indexOf(10, from)) {
      yield bytes.toString("utf8", from, newline + 1);
      from = newline + 1;
    }
    rest = bytes.subarray(from);
    if (rest.byteLength > LONGEST_LINE) throw damaged("has a line that is too long");
  }
  if (rest.byteLength > 0) throw damaged("was cut short");
}

function damaged(how: string): StorageError {
  return new StorageError("invalid-argument", {
    message: `the plan ${how}: nothing was done, make the plan again`,
  });
}
