/** Where a run remembers transfers that were cut short. */

/** What is known of one transfer that was begun. Written by one version of the engine; others set it aside. */
export interface ResumeRecord {
  /** Identifies the transfer: source, destination and the content's identity. */
  readonly key: string;
  readonly state: unknown;
}

export interface ResumeStore {
  load(key: string): Promise<ResumeRecord | undefined>;
  save(record: ResumeRecord): Promise<void>;
  remove(key: string): Promise<void>;
}
