import type { MappingFacts, MemberFacts } from '../../services/reconcile/ports.js';
import type { PresentMember } from '../../services/model.js';

export const GUILD_ID = '500000000000000001';
export const CLIENT_ID = '0193b0a0-0000-7000-8000-000000000001';
export const DISCORD_USER_ID = '600000000000000001';
export const PILOT = '700000000000000001';
export const DIRECTOR = '700000000000000002';
export const RECRUIT = '700000000000000003';
export const FOREIGN = '700000000000000099';

/** A mapping of group "pilots" to role PILOT, whose group is unknown for the member. */
export function mappingFacts(facts: Partial<MappingFacts> = {}): MappingFacts {
  return {
    mappingId: 'mapping-1',
    groupId: 'pilots',
    roleId: PILOT,
    roleName: null,
    groupName: null,
    authority: 'PLATFORM',
    isRetired: false,
    membership: 'unknown',
    remote: null,
    ...facts,
  };
}

export function presentMember(facts: Partial<PresentMember> = {}): PresentMember {
  return {
    roleIds: [],
    username: 'alice',
    displayName: null,
    nickname: null,
    isPending: false,
    timedOutUntil: null,
    ...facts,
  };
}

type FactsOverrides = Partial<Omit<MemberFacts, 'client'>> & {
  readonly client?: Partial<MemberFacts['client']>;
};

/** An actively linked member whom the mirror shows without roles, and no mapping. */
export function memberFacts({ client, ...facts }: FactsOverrides = {}): MemberFacts {
  return {
    nowMs: 0,
    marks: null,
    client: {
      clientId: CLIENT_ID,
      guildId: GUILD_ID,
      revision: '1',
      unknownMembership: 'KEEP',
      isObserved: false,
      waitsForScreening: true,
      wholeListWrites: true,
      guard: { minimum: 10, percent: 20 },
      hasTrouble: false,
      ...client,
    },
    links: [
      {
        linkId: 'link-1',
        platformUserId: 'alice',
        status: 'ACTIVE',
        isEndAskedFor: false,
      },
    ],
    mappings: [],
    roles: new Map(),
    decisions: new Map(),
    handChanges: new Map(),
    mirror: { isPresent: true, ...presentMember() },
    mirrorReadAt: new Date(0),
    mirrorAgeMs: 60_000,
    isLive: false,
    isReadSinceMark: false,
    hasLostRoles: false,
    isAbsenceProven: false,
    openRecord: null,
    grant: null,
    joinRefusal: null,
    nicknamePolicy: { strategy: 'NONE', template: null, onUnlink: 'RESET' },
    nicknameSetHash: null,
    renaming: { ownerId: null, refusals: new Map() },
    renamedByHandAt: [],
    nicknameRefused: null,
    person: { username: 'jane', attributes: {} },
    ...facts,
  };
}
