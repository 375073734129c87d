import type { AuditRecord } from '../../services/api/audit/audit-record.types.js';
import type {
  DiscordClient,
  DiscordRole,
} from '../../services/api/clients/discord-client.types.js';
import type { LiveStatus } from '../../services/api/clients/live-status.types.js';
import type { PlatformGroup, PlatformUser } from '../../services/api/facts/platform.types.js';
import type { DiscordUser } from '../../services/api/links/discord-user.types.js';
import type { RoleMapping } from '../../services/api/mappings/role-mapping.types.js';

export const CLIENT_ID = '0192f000-0000-7000-8000-000000000001';
export const OTHER_CLIENT_ID = '0192f000-0000-7000-8000-000000000002';
export const ROLE_ID = '300000000000000001';

const AT = new Date('2026-11-22T17:00:00.000Z');

/** Ids of ours for tests: `ownId(7)` is always the same one, and sorts by its number. */
export const ownId = (number: number): string =>
  `0192f000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

export const aClient = (given: Partial<DiscordClient> = {}): DiscordClient => ({
  id: CLIENT_ID,
  name: 'Alliance',
  guildId: '100000000000000001',
  applicationId: '200000000000000001',
  botUserId: null,
  callbackUrl: null,
  inviteUrl: null,
  isEnabled: true,
  authority: 'PLATFORM',
  unknownMembership: 'KEEP',
  nicknamePolicy: { strategy: 'NONE', template: null, onUnlink: 'RESET' },
  removalGuard: { minimum: 10, percent: 10 },
  linking: { email: 'NONE', keepsTokens: false },
  screening: 'WAIT',
  isLive: true,
  handRemovals: 'RESTORE',
  wholeListWrites: true,
  auditRetentionDays: null,
  endpoints: {
    apiBase: 'https://discord.com/api/v10',
    authorizeUrl: 'https://discord.com/oauth2/authorize',
    tokenUrl: 'https://discord.com/api/oauth2/token',
    revokeUrl: 'https://discord.com/api/oauth2/token/revoke',
  },
  rolesReadAt: AT,
  trouble: null,
  sending: null,
  doubt: null,
  countsFault: null,
  lostSecrets: [],
  stoppedAt: null,
  pausedUntil: null,
  endingAt: null,
  checks: [],
  checkedAt: null,
  createdAt: AT,
  updatedAt: AT,
  ...given,
});

export const aLiveStatus = (given: Partial<LiveStatus> = {}): LiveStatus => ({
  state: 'LIVE',
  reason: null,
  since: AT,
  lastEventAt: AT,
  gapSince: null,
  missed: 0,
  ...given,
});

export const aRole = (given: Partial<DiscordRole> = {}): DiscordRole => ({
  clientId: CLIENT_ID,
  roleId: ROLE_ID,
  name: 'Pilot',
  position: 3,
  color: 0,
  isManaged: false,
  refusal: null,
  ...given,
});

export const aMapping = (given: Partial<RoleMapping> = {}): RoleMapping => ({
  id: ownId(0x10),
  clientId: CLIENT_ID,
  groupId: 'pilots',
  roleId: ROLE_ID,
  authority: 'PLATFORM',
  createdAt: AT,
  retiredAt: null,
  ...given,
});

export const aLink = (given: Partial<DiscordUser> = {}): DiscordUser => ({
  id: ownId(0x20),
  clientId: CLIENT_ID,
  platformUserId: 'alice',
  discordUserId: '400000000000000001',
  username: 'alice',
  displayName: 'Alice',
  nickname: null,
  roleIds: [ROLE_ID],
  state: 'IN_STEP',
  reason: null,
  isScreening: false,
  isBanned: false,
  timedOutUntil: null,
  lastReconciledAt: AT,
  linkedAt: AT,
  ...given,
});

export const aPlatformUser = (given: Partial<PlatformUser> = {}): PlatformUser => ({
  id: 'alice',
  username: 'Alice',
  attributes: {},
  hasSnapshot: false,
  deletedAt: null,
  ...given,
});

export const aPlatformGroup = (given: Partial<PlatformGroup> = {}): PlatformGroup => ({
  id: 'pilots',
  name: 'Pilots',
  deletedAt: null,
  ...given,
});

export const anAuditRecord = (given: Partial<AuditRecord> = {}): AuditRecord => ({
  id: ownId(0x30),
  clientId: CLIENT_ID,
  discordUserId: '400000000000000001',
  platformUserId: 'alice',
  causes: [{ kind: 'MUTATION', id: 'request-1', actor: 'ops' }],
  plannedAdded: [ROLE_ID],
  plannedRemoved: [],
  added: [ROLE_ID],
  removed: [],
  ensured: { added: [], removed: [] },
  nickname: null,
  outcome: 'APPLIED',
  reason: null,
  openedAt: AT,
  closedAt: AT,
  ...given,
});
