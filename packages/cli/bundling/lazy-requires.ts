import type { Plugin } from "rolldown";

/** `let node_zlib = require("node:zlib");`, perhaps followed by its conversion to an ES module. */
const REQUIRE =
  /^let (\w+) = (require\("(?:node:|@napi-rs\/)[^"]+"\));\n(?:\1 = (\S+)\(\1, 1\);\n)?/gm;

/** Node's own modules and native ones are loaded by the code that first uses them, not all at the start. */
export function lazyRequires(): Plugin {
  return {
    name: "lazy-requires",
    renderChunk(code) {
      const names: string[] = [];
      const declared = code.replaceAll(REQUIRE, (_, name: string, load: string, esm?: string) => {
        names.push(name);
        const value = esm === undefined ? load : `${esm}(${load}, 1)`;
        return `let ${name}$;\nconst ${name} = { get it() { return (${name}$ ??= ${value}); } };\n`;
      });
      if (names.length === 0) return null;
      return declared.replaceAll(new RegExp(`\\b(?:${names.join("|")})\\b(?=\\.)`, "g"), "$&.it");
    },
  };
}
