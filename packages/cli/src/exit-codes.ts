/** What the exit codes mean. */
export const EXIT = {
  done: 0,
  someFailed: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  interrupted: 130,
  /** What a shell shows for a program that ended because nobody read its output (128 + SIGPIPE). */
  brokenPipe: 141,
} as const;

/** `check` found differences. The same number as `someFailed`, as in `diff` and `cmp`. */
export const EXIT_DIFFERENT = 1;
