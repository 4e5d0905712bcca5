import type { CommandInfo, FlagInfo } from "./command-tree.ts";

/** A completion script for bash 4 and newer, without bash-completion's helpers. */
export function bashCompletion([program, ...commands]: readonly CommandInfo[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const globals = words(program?.flags ?? []);
  return `# omnisync completion for bash: eval "$(omnisync completion bash)"
_omnisync() {
  local cur prev command word i
  COMPREPLY=()
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  command=
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in -*) ;; *) command=$word; break ;; esac
  done
  local flags= values= takes=
  case $command in
    "") COMPREPLY=($(compgen -W "${names} ${globals}" -- "$cur")); return ;;
${commands.map(bashCase).join("\n")}
    *) return ;;
  esac
  case " $takes " in
    *" $prev "*)
      _omnisync_values "$command" "$prev"
      if [[ -n $values ]]; then COMPREPLY=($(compgen -W "$values" -- "$cur")); else _omnisync_paths; fi
      return ;;
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$cur"))
  else
    _omnisync_paths
  fi
}
_omnisync_paths() {
  local IFS=$'\\n'
  type compopt &>/dev/null && compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$cur"))
}
_omnisync_values() {
  values=
  case "$1 $2" in
${commands.flatMap(bashValues).join("\n")}
  esac
}
complete -F _omnisync omnisync`;
}

function bashCase({ name, flags, choices }: CommandInfo): string {
  const takes = flags.filter(({ takesValue }) => takesValue);
  return `    ${name}) flags="${words(flags)}" takes="${words(takes)}" values="${(choices ?? []).join(" ")}" ;;`;
}

function bashValues({ name, flags }: CommandInfo): readonly string[] {
  return flags.flatMap(({ long, choices }) =>
    choices === undefined ? [] : [`    "${name} ${long}") values="${choices.join(" ")}" ;;`],
  );
}

function words(flags: readonly FlagInfo[]): string {
  return flags
    .flatMap(({ long, short }) => (short === undefined ? [long] : [long, short]))
    .join(" ");
}
