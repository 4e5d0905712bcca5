import type { Plugin } from "rolldown";

const ENTRY = "\0undici.cjs";
const HTTP2 = "\0no-http2.cjs";

/** By id: what takes the place of undici's own files. */
const REPLACEMENTS: ReadonlyMap<string, string> = new Map([
  [
    ENTRY,
    `const Dispatcher = require("undici/lib/dispatcher/dispatcher.js");
     Object.assign(Dispatcher.prototype, require("undici/lib/api/index.js"));
     exports.Pool = require("undici/lib/dispatcher/pool.js");
     exports.ProxyAgent = require("undici/lib/dispatcher/proxy-agent.js");`,
  ],
  [HTTP2, `module.exports = () => { throw new Error("this bundle has no HTTP/2"); };`],
]);

/**
 * What we use of undici. Its entry loads `fetch`, caches, mocks and HTTP/2 too, which are most of it.
 * Fails the build if undici does not load the replaced files any more. `importer`: a file from which
 * undici is found.
 */
export function slimUndici(importer: string): Plugin {
  const replaced = new Set<string>();
  return {
    name: "slim-undici",
    resolveId(source, from = "") {
      if (source === "undici") return ENTRY;
      if (from === ENTRY) return this.resolve(source, importer);
      return /^\.\/client-h2(\.js)?$/.test(source) && from.includes("undici") ? HTTP2 : undefined;
    },
    load(id) {
      const text = REPLACEMENTS.get(id);
      if (text !== undefined) replaced.add(id);
      return text;
    },
    buildEnd(error) {
      if (error !== undefined || replaced.size === REPLACEMENTS.size) return;
      throw new Error("undici does not load the files any more that this plugin replaces");
    },
  };
}
