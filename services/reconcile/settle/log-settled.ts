import type { Logger } from '../../lib/logger.js';
import type { Job } from '../job.js';
import type { Settlement } from '../write/records.js';
import type { RemoteReading } from '../plan/remote.js';

/** Logs the outcome of a run and what it changed. */
export function logSettled(
  logger: Logger,
  job: Job,
  { outcome, reason, closes }: Settlement,
): void {
  const { clientId, discordUserId, causes } = job;
  const change = closes && {
    auditRecordId: closes.recordId,
    added: closes.added,
    removed: closes.removed,
    ensured: closes.ensured,
    nickname: closes.nickname,
  };
  logger.info(
    {
      clientId,
      discordUserId,
      outcome,
      reason,
      ...change,
      causes: causes.length,
    },
    'reconciled',
  );
}

/** One line for each request to the platform, under authority DISCORD. */
export function logAsked(
  logger: Logger,
  { clientId, discordUserId }: Job,
  asked: readonly RemoteReading[],
): void {
  for (const { mappingId, groupId, roleId, asks } of asked)
    logger.info(
      { clientId, discordUserId, mappingId, groupId, roleId, change: asks },
      'membership change requested from the platform',
    );
}
