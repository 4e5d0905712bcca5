/** A run's folder in the trash: its name says when the run was. */
const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{8}$/;

/** A new name; runs of one second have different ones. */
export function newTrashRun(now: Date = new Date()): string {
  const time = now.toISOString().replace(/\.\d+Z$/, "Z");
  // No secret: a name for every run, most of which never use it, is not worth loading Node's cryptography.
  const chance = Math.floor(Math.random() * 0x1_0000_0000);
  return `${time.replaceAll(/[-:]/g, "")}-${chance.toString(16).padStart(8, "0")}`;
}

/** When the run began, milliseconds since 1970; `undefined` for a name that no run has given. */
export function trashRunTime(run: string): number | undefined {
  const parts = NAME.exec(run);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
