import type { CommandInfo, FlagInfo } from "./command-tree.ts";

/** A completion script for zsh: `eval` it, or save it as `_omnisync` in a directory of `fpath`. */
export function zshCompletion([program, ...commands]: readonly CommandInfo[]): string {
  const list = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  return `#compdef omnisync
# omnisync completion for zsh: eval "$(omnisync completion zsh)"
_omnisync() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands
  commands=(
${list.join("\n")}
  )
  _arguments -C \\
    ${(program?.flags ?? []).flatMap(zshFlag).join(" \\\n    ")} \\
    '1:command:->command' \\
    '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${commands.map(zshCase).join("\n")}
      esac ;;
  esac
}
if [[ $funcstack[1] == _omnisync ]]; then _omnisync "$@"; else compdef _omnisync omnisync; fi`;
}

function zshCase({ name, flags, choices, takesArguments }: CommandInfo): string {
  const values = choices === undefined ? "_files" : `(${choices.join(" ")})`;
  const specs = [
    ...flags.flatMap(zshFlag),
    ...(takesArguments ? [quote(`*:argument:${values}`)] : []),
  ];
  const lines = specs.map((spec) => `          ${spec}`).join(" \\\n");
  return `        ${name}) _arguments -s \\\n${lines} ;;`;
}

function zshFlag({ long, short, help, takesValue, choices }: FlagInfo): readonly string[] {
  const text = help.replace(/[[\]:]/g, (c) => `\\${c}`);
  const value = takesValue
    ? `:value:${choices === undefined ? "_files" : `(${choices.map((word) => word.replaceAll(":", "\\:")).join(" ")})`}`
    : "";
  return [long, short].flatMap((flag) =>
    flag === undefined ? [] : [quote(`*${flag}[${text}]${value}`)],
  );
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
