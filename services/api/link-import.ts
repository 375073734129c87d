import type { DiscordUserId, PlatformUserId } from '../model.js';
import { checkList, checkPlatformId } from './inputs/checks.js';
import type { ImportedDiscordUserInput } from './inputs/link.input.js';
import type { ImportVerdict } from './views.js';

export interface WantedLink {
  readonly platformUserId: PlatformUserId;
  readonly discordUserId: DiscordUserId;
}

/** What is to be imported, and at which place in the list it stood; the rest has its verdict already. */
export interface ImportList {
  readonly wanted: readonly WantedLink[];
  /** Puts the verdicts of `wanted` between those that were clear before, in the order of the list. */
  merge(verdicts: readonly ImportVerdict[]): readonly ImportVerdict[];
}

/** Of two items with one user or one account the first counts: the list does not say which of them is right. */
export function importList(
  users: readonly ImportedDiscordUserInput[],
): ImportList {
  const field = 'input.users';
  const items = checkList(users, field).map((item, index) => ({
    platformUserId: checkPlatformId(
      item.platformUserId,
      `${field}[${index}].platformUserId`,
    ),
    discordUserId: item.discordUserId,
  }));
  const twins = twinsOf(items, field);
  return {
    wanted: items.filter((_, index) => !twins.has(index)),
    merge: (verdicts) => {
      let next = 0;
      return items.map((_, index) => {
        const verdict = twins.get(index) ?? verdicts[next++];
        if (verdict) return verdict;
        throw new Error(
          `an import of ${items.length} users got too few verdicts`,
        );
      });
    },
  };
}

function twinsOf(
  items: readonly WantedLink[],
  field: string,
): ReadonlyMap<number, ImportVerdict> {
  const twins = new Map<number, ImportVerdict>();
  const places = {
    user: new Map<string, number>(),
    account: new Map<string, number>(),
  };
  for (const [index, { platformUserId, discordUserId }] of items.entries()) {
    const ofUser = places.user.get(platformUserId);
    const first = ofUser ?? places.account.get(discordUserId);
    if (first === undefined) {
      places.user.set(platformUserId, index);
      places.account.set(discordUserId, index);
      continue;
    }
    const what = ofUser === undefined ? 'Discord account' : 'platform user';
    twins.set(index, {
      kind: 'CONFLICT',
      message: `The same ${what} stands already at ${field}[${first}].`,
      linkId: null,
    });
  }
  return twins;
}
