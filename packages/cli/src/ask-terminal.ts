import { createInterface } from "node:readline/promises";

/** Puts a question on the terminal and waits for a line; an end of input is an empty one. */
export async function askTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await Promise.race([
      terminal.question(question),
      new Promise<string>((resolve) => terminal.once("close", () => resolve(""))),
    ]);
  } finally {
    terminal.close();
  }
}
