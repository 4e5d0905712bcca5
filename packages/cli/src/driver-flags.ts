/** The flags that drivers declare for themselves, such as `--s3-endpoint`. */
import {
  type OptionDescriptor,
  driverDefinitions,
  flagName,
  formatDuration,
  formatSize,
} from "@omnisync/storage";
import { type Command, Option } from "commander";
import { driverOption } from "./flag-values.ts";
import type { Session } from "./session.ts";

/** Adds every driver's flags to a command that opens locations; their values go to the session. */
export function addDriverFlags(command: Command, session: Session): Command {
  if (!session.driverFlagsWanted) return command;
  for (const { name, options } of driverDefinitions()) {
    for (const option of options) {
      if (option.flag) command.addOption(driverFlag(session, name, option));
    }
  }
  return command;
}

function driverFlag(session: Session, driver: string, option: OptionDescriptor): Option {
  const name = flagName(driver, option);
  const placeholder = option.type === "boolean" ? "" : ` <${option.type}>`;
  const parse = driverOption(name, option);
  const flag = new Option(`${name}${placeholder}`, firstSentence(option.help))
    .helpGroup(`Options of ${driver} locations:`)
    .preset("true")
    .argParser((text: string) => {
      const flags = (session.driverFlags[driver] ??= {});
      flags[option.name] = parse(text);
    });
  if (option.choices !== undefined) flag.argChoices = [...option.choices];
  // Only for the help: what counts is what the driver itself makes of flags, environment and default.
  if (option.default !== undefined && option.default !== false) {
    flag.default(option.default, defaultText(option));
  }
  return flag;
}

function defaultText({ type, default: value }: OptionDescriptor): string {
  if (type === "size") return formatSize(Number(value));
  return type === "duration" ? formatDuration(Number(value)) : String(value);
}

function firstSentence(help: string): string {
  return /^.*?[.](?=\s|$)/s.exec(help)?.[0].slice(0, -1) ?? help;
}
