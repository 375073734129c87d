import { DEMO } from '../../services/sandbox/demo-world.js';
import type { Play } from './play.js';
import { PEOPLE, type Person } from './steps.js';

/** What the platform calls a person, and their members are to be called. */
export const nameOf = (person: Person): string => `Captain ${person}`;

/** Or is not to be: by nobody's link, by a client that only observes, or as a bot. */
export function isNamed({ stage, wishes, hands }: Play, account: Person): boolean {
  const owner = wishes.ownerOf(account);
  const member = stage.discord.member(DEMO.guildId, DEMO.accounts[account]);
  if (!stage.names || owner === undefined || member === undefined) return true;
  if (wishes.clientAuthority === 'OBSERVE' || account === stage.bot) return true;
  return hands.isPending(account) || member.nick === nameOf(owner);
}

/** When nothing is in the way any more and everybody was looked at, each has their name. */
export function nameFaults(play: Play): readonly string[] {
  return PEOPLE.filter((account) => !isNamed(play, account)).map(
    (account) => `${account} has not the nickname of their person`,
  );
}
