import type { Session } from "./session.ts";

/** Asks at the terminal. Only a clear yes is one. */
export async function confirm(session: Session, question: string): Promise<boolean> {
  await session.out.flush();
  session.overlay?.clear();
  const answer = await session.io.ask?.(`${question} [y/N] `);
  return /^\s*y(es)?\s*$/i.test(answer ?? "");
}
