import { type Command, Argument } from "commander";
import { examples } from "../help-examples.ts";
import type { Session } from "../session.ts";
import { UsageError } from "../usage-error.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

export function addCompletionCommand(program: Command, session: Session): void {
  const shell = new Argument("<shell>", "The shell to write it for");
  const command = program
    .command("completion")
    .summary("print a completion script for a shell")
    .description(
      "Prints a script that teaches a shell to complete commands, flags, their values and local paths.",
    )
    .addArgument(shell.choices(SHELLS).argParser((text: string) => checkShell(text)))
    .action((name: (typeof SHELLS)[number]) => print(program, session, name));
  examples(command, [
    ['eval "$(omnisync completion bash)"', "in ~/.bashrc"],
    ['eval "$(omnisync completion zsh)"', "in ~/.zshrc, after compinit"],
    ["omnisync completion fish | source", "in ~/.config/fish/config.fish"],
  ]);
}

function checkShell(text: string): string {
  if ((SHELLS as readonly string[]).includes(text)) return text;
  throw new UsageError(`completion: "${text}" is not one of ${SHELLS.join(", ")}`);
}

async function print(
  program: Command,
  session: Session,
  shell: (typeof SHELLS)[number],
): Promise<void> {
  const { describeCommands } = await import("../completion/command-tree.ts");
  const commands = describeCommands(program);
  switch (shell) {
    case "bash":
      return session.out.line((await import("../completion/bash.ts")).bashCompletion(commands));
    case "zsh":
      return session.out.line((await import("../completion/zsh.ts")).zshCompletion(commands));
    case "fish":
      return session.out.line((await import("../completion/fish.ts")).fishCompletion(commands));
  }
}
