import { named } from '../lib/named.js';
import type { DiscordUserId, RoleId } from '../model.js';
import type { MemberFacts } from './ports.js';

/** Names a mapped role, with its id behind. */
export function roleNamer({ mappings }: Pick<MemberFacts, 'mappings'>): (roleId: RoleId) => string {
  const names = new Map(mappings.map((each) => [each.roleId, each.roleName]));
  return (roleId) => named('role', roleId, names.get(roleId));
}

/** Adds names to the ids in a text of the Discord client: `add role 12 to member 7`. */
export function textNamer(
  facts: Pick<MemberFacts, 'mappings' | 'mirror'>,
  discordUserId: DiscordUserId,
): (text: string) => string {
  const role = roleNamer(facts);
  const { mirror } = facts;
  const username = mirror?.isPresent === true ? mirror.username : null;
  const member = named('member', discordUserId, username);
  return (text) =>
    text
      .replaceAll(/\brole (\d+)\b/g, (_, roleId: string) => role(roleId))
      .replaceAll(`member ${discordUserId}`, member);
}
