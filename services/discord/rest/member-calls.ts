import type { z } from 'zod';

import { UnavailableError } from '../../lib/errors.js';
import type { DiscordMembers, MemberTarget } from '../../reconcile/ports.js';
import type { Answer } from './answer.js';
import {
  type Call,
  type Perform,
  isAbsent,
  joining,
  memberEdit,
  memberReading,
  roleAddition,
  roleRemoval,
} from './calls.js';
import { memberPayload, parsePayload, presentMember } from './payloads.js';

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

/** Another member's roles, e.g. out of a proxy's cache, would be written over this one's. */
function memberOf(
  { discordUserId }: MemberTarget,
  answer: Answer,
  { doing }: Call,
): z.infer<typeof memberPayload> {
  const member = parsePayload(memberPayload, answer, doing);
  if (member.user.id === discordUserId) return member;
  throw new UnavailableError(`cannot ${doing}: the response is about member ${member.user.id}`);
}
