import { UnavailableError } from '../../lib/errors.js';
import type { MemberReading } from '../../model.js';
import { isAnyEnding } from '../settle/link-proof.js';
import type { DiscordMembers, MemberFacts, MemberTarget } from '../ports.js';
import type { WritesDone } from './write-progress.js';

/**
 * Reads the member again after the removals for an ending link. Discord may accept a removal and
 * not apply it, and no run would notice once the link is gone. For other members the answers to the
 * writes are enough, because sweeps check them again.
 */
export async function proveRemovals(
  discord: Pick<DiscordMembers, 'readMember'>,
  facts: MemberFacts,
  target: MemberTarget,
  { observed, removed }: WritesDone,
): Promise<MemberReading> {
  if (!isAnyEnding(facts) || !observed.isPresent || removed.length === 0) return observed;
  const reading = await discord.readMember(target);
  const kept = reading.isPresent
    ? removed.filter((roleId) => reading.roleIds.includes(roleId))
    : [];
  if (kept.length === 0) return reading;
  throw new UnavailableError(
    `Discord accepted the removal of role ${kept[0]} from member ${target.discordUserId} but still shows it`,
  );
}
