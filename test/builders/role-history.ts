import type { Cause } from '../../services/model.js';
import type { RoleHistory } from '../../services/reconcile/explain/explanation.js';

export const SAID_AT = new Date('2026-11-20T10:00:00Z');
export const CHANGED_AT = new Date('2026-11-20T10:00:01Z');

export const event: Cause = {
  kind: 'EVENT',
  id: '123',
  actor: 'https://platform.example.org',
  groupId: 'pilots',
};

/** What was said of the group "pilots", whose name is Pilots. */
export const groupWord = (
  given: Partial<RoleHistory['groups'][number]> = {},
): RoleHistory['groups'][number] => ({
  groupId: 'pilots',
  name: 'Pilots',
  isDeleted: false,
  saidAt: SAID_AT,
  isSnapshot: false,
  ...given,
});

export const roleChange = (
  given: Partial<NonNullable<RoleHistory['lastChange']>> = {},
): NonNullable<RoleHistory['lastChange']> => ({
  auditRecordId: 'record-1',
  change: 'ADDED',
  at: CHANGED_AT,
  causes: [event],
  ...given,
});

/** Jane's link at a client that works; nothing waits, and nothing was ever done. */
export const roleHistory = (given: Partial<RoleHistory> = {}): RoleHistory => ({
  link: { linkId: 'link-1', platformUserId: 'jane', username: 'Jane' },
  client: { isEnabled: true, isStopped: false, isPaused: false },
  forgottenBefore: null,
  roleName: 'Pilot',
  reason: null,
  joinRefusal: null,
  decision: null,
  job: null,
  lastChange: null,
  groups: [groupWord()],
  ...given,
});
