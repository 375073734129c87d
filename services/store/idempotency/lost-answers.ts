/** A key together with the claim that holds it. */
export interface HeldKey {
  readonly caller: string;
  readonly keyHash: string;
  readonly claim: string;
}

export interface Releases {
  /** Rejects if the answer is lost; the release is then repeated as below. */
  release(key: HeldKey): Promise<void>;
  /** Releases a key that may be held now or later. */
  makeSure(key: HeldKey): void;
}

const EVERY_MS = 1_000;
/** The lease of a claim: after it the key is free anyway. */
const FOR_MS = 60_000;

/**
 * Releases keys whose claim or release got no answer. An abandoned claim may reach the database
 * later than its release, so such a key is released repeatedly for as long as that claim could hold
 * it.
 */
export function createReleases(releaseAll: (keys: readonly HeldKey[]) => Promise<void>): Releases {
  const unsure = new Map<HeldKey, number>();
  let isAtWork = false;
  const work = async () => {
    await releaseAll([...unsure.keys()]).catch(() => undefined);
    for (const [key, untilMs] of unsure) if (performance.now() > untilMs) unsure.delete(key);
    isAtWork = unsure.size > 0;
    if (isAtWork) setTimeout(() => void work(), EVERY_MS).unref();
  };
  const makeSure = (key: HeldKey) => {
    unsure.set(key, performance.now() + FOR_MS);
    if (isAtWork) return;
    isAtWork = true;
    void work();
  };
  return {
    async release(key) {
      try {
        await releaseAll([key]);
      } catch (error) {
        makeSure(key);
        throw error;
      }
    },
    makeSure,
  };
}

/** Rejects at once if the first attempt fails; the later attempts continue in the background. */
export async function persist(work: () => Promise<void>): Promise<void> {
  const untilMs = performance.now() + FOR_MS;
  const retry = () => {
    if (performance.now() > untilMs) return;
    setTimeout(() => void work().catch(retry), EVERY_MS).unref();
  };
  try {
    await work();
  } catch (error) {
    retry();
    throw error;
  }
}
