import type { Job, Marks } from './job.js';

/**
 * Adds marks that came after the claim. The run has read their facts, so they need no run of their
 * own.
 */
export function withMarks(job: Job, { version, lane, causes }: Marks): Job {
  return {
    ...job,
    version,
    lane,
    causes: [...job.causes, ...causes],
    lateCauses: causes.length,
  };
}
