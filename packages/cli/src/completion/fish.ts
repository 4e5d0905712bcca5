import type { CommandInfo, FlagInfo } from "./command-tree.ts";

/** A completion script for fish. */
export function fishCompletion([program, ...commands]: readonly CommandInfo[]): string {
  const lines = [
    "# omnisync completion for fish: omnisync completion fish | source",
    "complete -c omnisync -e",
    ...(program?.flags ?? []).map((flag) => fishFlag("__fish_use_subcommand", flag)),
    ...commands.flatMap(fishCommand),
  ];
  return lines.join("\n");
}

function fishCommand({ name, summary, flags, choices }: CommandInfo): readonly string[] {
  const inside = `__fish_seen_subcommand_from ${name}`;
  return [
    `complete -c omnisync -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
    ...flags.map((flag) => fishFlag(inside, flag)),
    ...(choices === undefined
      ? []
      : [`complete -c omnisync -n ${quote(inside)} -f -a ${quote(choices.join(" "))}`]),
  ];
}

function fishFlag(condition: string, { long, short, help, takesValue, choices }: FlagInfo): string {
  const parts = [`complete -c omnisync -n ${quote(condition)} -l ${long.slice(2)}`];
  if (short !== undefined) parts.push(`-s ${short.slice(1)}`);
  if (takesValue) parts.push(choices === undefined ? "-r -F" : `-x -a ${quote(choices.join(" "))}`);
  parts.push(`-d ${quote(help)}`);
  return parts.join(" ");
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
