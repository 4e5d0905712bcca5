/** How the paths of a transfer are shown: as rsync does, from the source as the user wrote it. */
export interface PathNames {
  /** Put before each path: `src/` where the directory itself goes, "" where what is in it goes. */
  readonly prefix: string;
  /** What the root of the transfer is called: the file's name, the directory's, or ".". */
  readonly root: string;
}

export function shownPath({ prefix, root }: PathNames, path: string): string {
  return path === "" ? root : `${prefix}${path}`;
}
