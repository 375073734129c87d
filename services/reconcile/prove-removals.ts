import { UnavailableError } from '../lib/errors.js';
import type { MemberReading } from '../model.js';
import { isAnyEnding } from './link-proof.js';
import type { DiscordMembers, MemberFacts, MemberTarget } from './ports.js';
import type { WritesDone } from './write-progress.js';

/**
 * What Discord shows after removals for an ending link: read once more, as it may accept a removal
 * and not keep it, and no run would find that out once the link is gone. Of other members what the
 * writes answered is enough: sweeps look at them again.
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
