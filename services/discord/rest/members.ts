import type { z } from 'zod';

import { TerminalError, UnavailableError } from '../../lib/errors.js';
import type { DiscordUserId, RoleId } from '../../model.js';
import type { DiscordMembers, GuildRef, MemberTarget } from '../../reconcile/ports.js';
import type { ListedMember } from '../../sweep/ports.js';
import type { Answer } from './answer.js';
import {
  type Call,
  countsReading,
  isAbsent,
  joining,
  memberEdit,
  memberReading,
  membersReading,
  type Perform,
  roleAddition,
  roleRemoval,
} from './calls.js';
import {
  countsPayload,
  memberPayload,
  membersPayload,
  parsePayload,
  presentMember,
} from './payloads.js';

export function createMemberCalls(perform: Perform): Omit<DiscordMembers, 'readRoles'> {
  return {
    async readMember(target) {
      const call = memberReading(target);
      const answer = await perform(target, call);
      if (isAbsent(answer)) return { isPresent: false };
      const member = memberOf(target, answer, call);
      return { isPresent: true, ...presentMember(member) };
    },
    async addRole(write) {
      await perform(write.member, roleAddition(write));
    },
    async removeRole(write) {
      await perform(write.member, roleRemoval(write));
    },
    async editMember(write) {
      const call = memberEdit(write);
      const answer = await perform(write.member, call);
      if (answer.status === 204) return null;
      return presentMember(memberOf(write.member, answer, call));
    },
    async joinMember(request) {
      const call = joining(request);
      const answer = await perform(request.member, call);
      if (answer.status === 204) return { kind: 'alreadyMember' };
      const member = memberOf(request.member, answer, call);
      return { kind: 'joined', member: presentMember(member) };
    },
  };
}

/**
 * Rejects a response about another member, e.g. from a proxy's cache. That member's roles would be
 * mistaken for those of the requested member.
 */
function memberOf(
  { discordUserId }: MemberTarget,
  answer: Answer,
  { doing }: Call,
): z.infer<typeof memberPayload> {
  const member = parsePayload(memberPayload, answer, doing);
  if (member.user.id === discordUserId) return member;
  throw new UnavailableError(`cannot ${doing}: the response is about member ${member.user.id}`);
}

/** Calls that cover many members of a guild. */
export interface MemberList {
  /**
   * Returns the members after `after`, by ascending id. Fewer than `limit` (1 to 1000) members mean
   * the end of the list. Throws UnavailableError for an implausible page, because members missing
   * from the page would count as gone. Throws TerminalError `MISSING_INTENT` if the bot may not
   * list members.
   */
  readonly listMembers: (
    guild: GuildRef,
    page: { readonly after: DiscordUserId | null; readonly limit: number },
  ) => Promise<readonly ListedMember[]>;
  /**
   * Returns the number of holders of each role, including roles without holders, but not @everyone.
   */
  readonly readRoleCounts: (guild: GuildRef) => Promise<ReadonlyMap<RoleId, number>>;
}

export function createMemberList(perform: Perform): MemberList {
  return {
    async listMembers(guild, page) {
      const call = membersReading(guild, page);
      const answer = await perform(guild, call).catch(missingIntent);
      const members = parsePayload(membersPayload, answer, call.doing);
      if (members.length > page.limit) {
        throw unusable(call, `it has ${members.length} members`);
      }
      const ids = members.map(({ user }) => user.id);
      const misplaced = misplacedAmong(ids, page.after);
      if (misplaced !== undefined) {
        throw unusable(call, `member ${misplaced} is out of order`);
      }
      return members.map((member) => ({
        discordUserId: member.user.id,
        isBot: member.user.bot ?? false,
        ...presentMember(member),
      }));
    },
    async readRoleCounts(guild) {
      const call = countsReading(guild);
      const answer = await perform(guild, call);
      const counts = parsePayload(countsPayload, answer, call.doing);
      const { [guild.guildId]: _everyone, ...roles } = counts;
      return new Map(Object.entries(roles));
    },
  };
}

/**
 * MISSING_ACCESS means that reading the guild succeeded (see `createGuildPresence`), so Discord
 * denies only the member list:
 * https://docs.discord.com/developers/resources/guild#list-guild-members
 */
function missingIntent(error: unknown): never {
  if (!(error instanceof TerminalError) || error.code !== 'MISSING_ACCESS') {
    throw error;
  }
  const message = `${error.message}: the bot may not list members (SERVER MEMBERS INTENT is off)`;
  throw new TerminalError('MISSING_INTENT', message, { cause: error });
}

function misplacedAmong(
  ids: readonly DiscordUserId[],
  after: DiscordUserId | null,
): DiscordUserId | undefined {
  return ids.find((id, index) => {
    const previous = ids[index - 1] ?? after;
    return previous !== null && BigInt(id) <= BigInt(previous);
  });
}

function unusable({ doing }: Call, why: string): UnavailableError {
  return new UnavailableError(
    `cannot ${doing}: the response is not a page of the member list: ${why}`,
  );
}
