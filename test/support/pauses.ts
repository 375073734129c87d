import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process stood still, and knew nothing of it. */
export interface Pause {
  readonly process: string;
  readonly from: number;
  /** Infinity while it stands still. */
  until: number;
}

/**
 * Processes that are stopped where they are and go on by themselves, as those of a machine that
 * sleeps or swaps.
 */
export function createPauses() {
  const pauses: Pause[] = [];
  const ends = new Set<Promise<void>>();

  async function pause(child: ChildProcess, process: string, ms: number): Promise<void> {
    const span: Pause = { process, from: Date.now(), until: Infinity };
    pauses.push(span);
    child.kill('SIGSTOP');
    await sleep(ms);
    child.kill('SIGCONT');
    span.until = Date.now();
  }

  return {
    pauses,
    /** One that stands still already is left to its time. */
    pause(child: ChildProcess, process: string, ms: number): void {
      const isStill = pauses.some((each) => each.process === process && each.until === Infinity);
      if (isStill) return;
      const end = pause(child, process, ms).finally(() => ends.delete(end));
      ends.add(end);
    },
    /** Resolves when all go on. */
    async over(): Promise<void> {
      await Promise.all(ends);
    },
  };
}
