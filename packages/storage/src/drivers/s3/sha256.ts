/**
 * SHA-256 of what is short, such as what is signed. The first few hashes are made in WebAssembly: Node's cryptography is quicker
 * once it is loaded, but that takes longer than all that a command with a request or two has to hash.
 */
import { hash } from "node:crypto";
import { SHA256_WASM } from "./sha256-wasm.ts";

/** What we use of it; its types come with those of browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly input: { readonly value: number };
  hash(length: number): void;
}

/** A signature takes three, the first one, with the key of the day, eleven. */
const FIRST = 40;
/** Longer ones do not fit into the instance's memory. */
const LONGEST = 32 * 1024;

let made = 0;
let instance: Exports | undefined;
let memory: Buffer = Buffer.alloc(0);

/** In hex. Texts as UTF-8. */
export function sha256(content: string | Uint8Array): string {
  const most = typeof content === "string" ? content.length * 3 : content.byteLength;
  if (made >= FIRST || most > LONGEST) return hash("sha256", content, "hex");
  made++;
  return sha256InWasm(content);
}

/** @param content At most 32 KiB. */
export function sha256InWasm(content: string | Uint8Array): string {
  const { input, hash } = (instance ??= instantiate());
  const at = input.value;
  if (typeof content === "string") hash(memory.write(content, at, "utf8"));
  else {
    memory.set(content, at);
    hash(content.byteLength);
  }
  return memory.toString("hex", at, at + 32);
}

function instantiate(): Exports {
  const module = new WebAssembly.Module(Buffer.from(SHA256_WASM, "base64"));
  const exports = new WebAssembly.Instance(module).exports as Exports;
  memory = Buffer.from(exports.memory.buffer);
  return exports;
}
