import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Identifies a process for ever, and tests whether another process of the same machine has ended.
 */
export interface ProcessIdentity {
  readonly id: string;
  /** True only if certain: same boot, same PID namespace, and no process has that id. */
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
      // Our own process id under another name: its holder before us.
      return Number(pid) === process.pid || !isAlive(Number(pid));
    },
  };
}

/**
 * Process ids mean something only within one boot and one namespace; two containers may well share
 * a host name.
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
