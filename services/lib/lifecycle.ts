export type Readiness =
  { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** A long-lived part of the process. `start` resolves when it works; `stop` when nothing of it is left in flight. */
export interface Part {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  ready(): Readiness;
}

/** Starts parts in order. When one fails, those already started are stopped in reverse and the error is passed on. */
export async function startAll(
  parts: readonly Part[],
): Promise<() => Promise<void>> {
  const started: Part[] = [];
  const stopAll = async () => {
    for (const part of started.toReversed()) await part.stop();
  };
  try {
    for (const part of parts) {
      await part.start();
      started.push(part);
    }
  } catch (error) {
    await stopAll();
    throw error;
  }
  return stopAll;
}
