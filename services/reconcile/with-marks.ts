import type { Job, Marks } from './job.js';

/** The run that has read them is for these marks too: none of its own has to follow for them. */
export function withMarks(job: Job, { version, lane, causes }: Marks): Job {
  return {
    ...job,
    version,
    lane,
    causes: [...job.causes, ...causes],
    lateCauses: causes.length,
  };
}
