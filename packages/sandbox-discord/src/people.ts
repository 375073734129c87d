import type { LiveUser, LiveWorld } from './live-world.js';
import { fullUser } from './world-defaults.js';

/**
 * The person chosen on the consent page, or the problem with that choice. `arrive` creates the
 * account of a new person.
 */
export type ChosenPerson =
  { readonly discordUserId: string; readonly arrive?: () => void } | { readonly problem: string };

export const NEW_PERSON = 'new';
export const SIGNED_IN = 'sandbox_discord_user';

/** People who can sign in; bots cannot. */
export function peopleOf(world: LiveWorld): readonly LiveUser[] {
  return [...world.users.values()].filter((user) => !user.isBot);
}

/** The person who last pressed Authorize in this browser. */
export function signedInPerson(
  world: LiveWorld,
  cookies: string | undefined,
): LiveUser | undefined {
  const [, discordUserId = ''] =
    new RegExp(`(?:^|;\\s*)${SIGNED_IN}=(\\d+)`).exec(cookies ?? '') ?? [];
  const user = world.users.get(discordUserId);
  return user?.isBot ? undefined : user;
}

export function chosenPerson(world: LiveWorld, form: URLSearchParams): ChosenPerson {
  const person = form.get('person') ?? '';
  if (person === NEW_PERSON) return newPerson(world, form);
  const user = world.users.get(person);
  if (!user || user.isBot) return { problem: 'Select an account.' };
  return { discordUserId: user.discordUserId };
}

function newPerson(world: LiveWorld, form: URLSearchParams): ChosenPerson {
  const name = (form.get('name') ?? '').trim();
  const email = (form.get('email') ?? '').trim();
  if (name === '') return { problem: 'A new person needs a name.' };
  if (Array.from(name).length > 32) return { problem: 'A name may have at most 32 characters.' };
  if (email !== '' && !/^[^\s@]+@[^\s@]+$/.test(email))
    return { problem: 'This is not an email address.' };
  const discordUserId = world.nextId();
  const user = fullUser({
    discordUserId,
    username: freeUsername(world, name),
    globalName: name,
    email: email === '' ? null : email,
  });
  return {
    discordUserId,
    arrive: () => void world.users.set(discordUserId, user),
  };
}

/** A free username in Discord's format: lowercase letters, digits, dots and underscores. */
function freeUsername(world: LiveWorld, name: string): string {
  const taken = new Set([...world.users.values()].map(({ username }) => username));
  const plain = name.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const kept = plain.toLowerCase().replaceAll(/[^a-z0-9_.]+/g, '_');
  const handle = kept.slice(0, 28).padEnd(2, '_');
  let free = handle;
  for (let next = 2; taken.has(free); next += 1) free = `${handle}${next}`;
  return free;
}
