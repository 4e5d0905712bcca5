import type { Plugin } from "rolldown";

/** Says which kind of modules the bundle has, where its package has the other. */
export function packageType(type: "commonjs" | "module"): Plugin {
  return {
    name: "package-type",
    generateBundle() {
      const source = `${JSON.stringify({ type })}\n`;
      this.emitFile({ type: "asset", fileName: "package.json", source });
    },
  };
}
