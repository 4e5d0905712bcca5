/** Declared flags as commander's options. What they say goes into the values that the action gets. */
import { type Command, Option } from "commander";
import type { FlagGroup } from "./all-flags.ts";
import type { Flag } from "./flag.ts";
import type { FlagValues } from "./flag-values.ts";

/** Adds the flags of some groups that exist `where`, each group under its heading. */
export function addFlags(
  command: Command,
  groups: readonly FlagGroup[],
  where: "transfer" | "check" | "rsync",
): Command {
  for (const { heading, flags } of groups) {
    for (const flag of flags) {
      if (!(flag.where ?? ["transfer", "rsync"]).includes(where)) continue;
      for (const option of optionsOf(command, asIn(where, flag)))
        command.addOption(option.helpGroup(heading));
    }
  }
  return command;
}

/** With the help of the place where it is. What is no default there is shown as it is asked for. */
function asIn(where: "transfer" | "check" | "rsync", flag: Flag): Flag {
  const { rsyncHelp } = flag;
  if (where !== "rsync" || rsyncHelp === undefined) return flag;
  return { ...flag, help: rsyncHelp, showNegated: undefined };
}

function* optionsOf(command: Command, flag: Flag): Iterable<FlagOption> {
  const { long, value, unset } = flag;
  // A letter that the command has another use for (`plan -o`) is not this flag's there.
  const short = command.options.some((one) => one.short === `-${flag.short}`)
    ? undefined
    : flag.short;
  const placeholder = value === undefined ? "" : ` <${value}>`;
  const name = long === undefined ? `-${short}` : `--${long}`;
  const set = (text: string): void => {
    flag.set(command.opts<FlagValues>(), { text, flag: name, style: "omnisync" });
  };
  // A short letter that the command has for something else stays with it.
  const letter = short !== undefined && !taken(command, `-${short}`) ? short : undefined;
  const forms = [letter && `-${letter}`, long && `--${long}`].filter(Boolean).join(", ");
  const positive = new FlagOption(`${forms}${placeholder}`, flag.help, set);
  yield flag.showNegated === undefined ? positive : positive.hideHelp();
  for (const other of flag.also ?? []) {
    yield new FlagOption(`--${other}${placeholder}`, flag.help, set).hideHelp();
  }
  if (unset === undefined) return;
  const negated = new FlagOption(
    `--no-${long ?? short}`,
    flag.showNegated ?? `Undoes ${name}`,
    () => unset(command.opts<FlagValues>()),
  );
  yield flag.showNegated === undefined ? negated.hideHelp() : negated;
  if (long !== undefined && short !== undefined) {
    yield new FlagOption(`--no-${short}`, "", () => unset(command.opts<FlagValues>())).hideHelp();
  }
}

function taken(command: Command, short: string): boolean {
  return command.options.some((option) => option.short === short);
}

/**
 * Commander keeps one value per option, under a name made of the option's; ours write their values
 * themselves. The name is set to one that nobody reads.
 */
class FlagOption extends Option {
  constructor(flags: string, help: string, set: (text: string) => void) {
    super(flags, help);
    this.preset("").argParser(set);
  }

  override attributeName(): string {
    return this.long ?? this.short ?? "";
  }

  override hideHelp(hide?: boolean): this {
    super.hideHelp(hide);
    return this;
  }

  override helpGroup(heading: string): this {
    super.helpGroup(heading);
    return this;
  }
}
