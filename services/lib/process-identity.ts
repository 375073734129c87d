import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

/** A unique id of a process, and a test whether another process on the same machine has ended. */
export interface ProcessIdentity {
  readonly id: string;
  /** Returns true only if certain: same boot, same PID namespace, and no process with that PID. */
  isGone(otherId: string): boolean;
}

export function identifyProcess(): ProcessIdentity {
  const place = readPlace();
  const id = [place ?? 'elsewhere', process.pid, randomUUID()].join('.');
  return {
    id,
    isGone(otherId) {
      const [otherPlace, pid] = otherId.split('.');
      if (place === null || otherPlace !== place || otherId === id) return false;
      // An id with our own PID belongs to an earlier process, which must have ended.
      return Number(pid) === process.pid || !isAlive(Number(pid));
    },
  };
}

/**
 * Returns a hash of boot id and PID namespace; null if unknown. A PID is unique only within both,
 * and two containers may share a host name.
 */
function readPlace(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    const namespace = readlinkSync('/proc/self/ns/pid');
    return createHash('sha256').update(`${boot} ${namespace}`).digest('hex').slice(0, 16);
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
