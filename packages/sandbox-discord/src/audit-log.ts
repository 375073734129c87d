import type { AuditDraft } from './api-call.js';
import type { LiveWorld } from './live-world.js';

// Discord keeps 45 days; this limit keeps a long benchmark from filling the memory.
const KEPT_ENTRIES = 10_000;

/** Prepends entries to the guild's log, in the name of the account that acted. */
export function writeAudit(
  world: LiveWorld,
  draft: AuditDraft,
  by: { readonly actorId: string; readonly reason: string | undefined },
): void {
  const { auditLog, guildId } = draft.guild;
  for (const drafted of draft.entries) {
    const entry = {
      entryId: world.nextId(),
      actorId: by.actorId,
      ...drafted,
      ...(by.reason === undefined ? {} : { reason: by.reason }),
    };
    auditLog.unshift(entry);
    world.changes.publish({ kind: 'auditEntry', guildId, entry });
  }
  if (auditLog.length > KEPT_ENTRIES) auditLog.length = KEPT_ENTRIES;
}
