import { DEMO } from '../../services/demo/demo-world.js';
import type { Play } from './play.js';
import { PEOPLE, type Person } from './steps.js';

/** The platform's name for a person, which is the desired nickname of their account. */
export const nameOf = (person: Person): string => `Captain ${person}`;

/**
 * Whether the account has the desired nickname. True also where none is desired: without a link,
 * with a client that only observes, while pending, and for a bot.
 */
export function isNamed({ stage, wishes, hands }: Play, account: Person): boolean {
  const owner = wishes.ownerOf(account);
  const member = stage.discord.member(DEMO.guildId, DEMO.accounts[account]);
  if (!stage.names || owner === undefined || member === undefined) return true;
  if (wishes.clientAuthority === 'OBSERVE' || account === stage.bot) return true;
  return hands.isPending(account) || member.nick === nameOf(owner);
}

/** Once nothing prevents it and every member was read, each has the desired nickname. */
export function nameFaults(play: Play): readonly string[] {
  return PEOPLE.filter((account) => !isNamed(play, account)).map(
    (account) => `${account} lacks the desired nickname`,
  );
}
