import type { DiscordUserId, RoleId } from '../model.js';
import { createPackedMembers } from './packed-members.js';
import type { ListedMember } from './ports.js';
import type { UnlinkedChunk } from './unlinked-chunk.js';

/** Holders of one chunk: as many as a page of Discord's list has members. */
const CHUNK = 1_000;

export interface UnlinkedHolders {
  /** Members of a page without a link; pages come in ascending order of ids. */
  add(members: readonly ListedMember[]): void;
  /** Together they cover all ids, so a member who is no longer listed is found in some range. */
  chunks(): Iterable<UnlinkedChunk>;
}

/** Members without a link who hold a mapped role, packed until the list is judged. */
export function gatherUnlinkedHolders(mapped: ReadonlySet<RoleId>): UnlinkedHolders {
  const packed = createPackedMembers();
  let waiting: ListedMember[] = [];
  return {
    add(members) {
      for (const member of members) {
        const roleIds = member.roleIds.filter((id) => mapped.has(id));
        if (roleIds.length > 0) waiting.push({ ...member, roleIds });
      }
      if (waiting.length < CHUNK) return;
      packed.add(waiting);
      waiting = [];
    },
    *chunks() {
      let after: DiscordUserId | null = null;
      for (const holders of packed.pages()) {
        const to: DiscordUserId | null = holders.at(-1)?.discordUserId ?? after;
        yield { after, to, holders: holders.map(toHolder) };
        after = to;
      }
      yield { after, to: null, holders: waiting.map(toHolder) };
    },
  };
}

const toHolder = (member: ListedMember) => ({
  discordUserId: member.discordUserId,
  roleIds: member.roleIds,
  username: member.username,
  displayName: member.displayName,
  nickname: member.nickname,
  isBot: member.isBot ?? false,
});
