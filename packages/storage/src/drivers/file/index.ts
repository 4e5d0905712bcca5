import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { StorageError } from "../../errors.ts";
import type { DriverDefinition } from "../../registry.ts";

/** `file:///absolute/path`: a directory of this machine. */
export const fileDefinition: DriverDefinition = {
  name: "file",
  schemes: ["file"],
  help: "A directory of a local file system.",
  options: [
    {
      name: "base",
      type: "string",
      flag: false,
      help: "Directory that the root is relative to; the working directory unless it is given.",
    },
    {
      name: "links",
      type: "choice",
      choices: ["refuse", "follow"],
      default: "refuse",
      flag: true,
      help: "What to do with a path that leads through a link to a directory. With follow it may leave the root.",
    },
  ],
  parseUrl(url) {
    return { settings: { base: "/" }, path: absolutePath(url).replace(/^\/+|\/+$/g, "") };
  },
  async open(settings, root, context) {
    const { FileDriver } = await import("./file-driver.ts");
    const links = settings["links"] === "follow" ? "follow" : "refuse";
    const base = String(settings["base"] ?? ".");
    return new FileDriver({ root: resolve(base, root), links, calls: context?.calls });
  },
};

function absolutePath(url: string): string {
  try {
    // What follows would be cut off silently, though names may hold both.
    if (/[?#]/.test(url)) throw new TypeError("write ? as %3F and # as %23");
    return fileURLToPath(url);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `"${url}": write file:///absolute/path (${reason})`;
    throw new StorageError("invalid-argument", { message, cause });
  }
}
