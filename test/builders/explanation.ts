import type { RoleExplanationType } from '../../services/api/links/explain.types.js';
import { ownId, ROLE_ID } from './api-views.js';

type Explanation = Omit<RoleExplanationType, 'linkId'>;

/** Of a role that is wanted, is not held, and stands above the bot. */
export const anExplanation = (given: Partial<Explanation> = {}): Explanation => ({
  roleId: ROLE_ID,
  roleName: 'Pilot',
  isMapped: true,
  desired: 'YES',
  isHeld: false,
  seenAt: new Date('2026-11-22T17:00:00.000Z'),
  mappings: [
    {
      mappingId: ownId(0x10),
      groupId: 'pilots',
      authority: 'PLATFORM',
      isRetired: false,
      membership: 'HELD',
    },
  ],
  lastChange: {
    auditRecordId: ownId(0x30),
    change: 'REMOVED',
    at: new Date('2026-11-22T16:00:00.000Z'),
    cause: { kind: 'EVENT', id: '123', actor: 'https://platform.example.org' },
  },
  blockedBy: ['ROLE_ABOVE_BOT'],
  unblockedBy: ['An administrator moves it.'],
  sentence: 'Alice lacks Pilot.',
  ...given,
});
