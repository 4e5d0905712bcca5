import type { Command } from "commander";

/** Ends a command's help with lines to copy: `[command line, what it is for]`. */
export function examples(command: Command, lines: readonly (readonly [string, string])[]): void {
  const width = Math.max(...lines.map(([line]) => line.length));
  const text = lines.map(([line, purpose]) => `  ${line.padEnd(width)}  # ${purpose}`);
  command.addHelpText("after", `\nExamples:\n${text.join("\n")}`);
}
