import type { InputError } from '../../lib/errors.js';
import type { DiscordUserId, PlatformUserId } from '../../model.js';
import { checkPlatformId } from '../kit/checks.js';
import type { ImportedDiscordUserInput } from './link.input.js';
import { readItems, type Item } from '../kit/item-faults.js';
import type { ImportVerdict } from '../kit/views.js';

export interface WantedLink {
  readonly platformUserId: PlatformUserId;
  readonly discordUserId: DiscordUserId;
}

/** The result for one item, with the path at fault if it is in the list. */
export interface PlacedVerdict extends Omit<ImportVerdict, 'field'> {
  readonly field: string | null;
}

/** The items to import with their index in the list; the others already have a result. */
export interface ImportList {
  readonly wanted: readonly WantedLink[];
  /** Adds the results for `wanted` to the earlier ones, in list order. */
  merge(verdicts: readonly ImportVerdict[]): readonly PlacedVerdict[];
}

/** Of two items with the same user or account the first counts. */
export function importList(users: readonly ImportedDiscordUserInput[]): ImportList {
  const field = 'input.users';
  const items = readItems(users, field, (item, at) => ({
    platformUserId: checkPlatformId(item.platformUserId, `${at}.platformUserId`),
    discordUserId: item.discordUserId,
  }));
  const clear = clearAlready(items, field);
  return {
    wanted: items.flatMap(({ said }, index) => (said === null || clear.has(index) ? [] : [said])),
    merge: (verdicts) => {
      let next = 0;
      return items.map((_, index) => {
        const placed = clear.get(index);
        if (placed) return placed;
        const verdict = verdicts[next++];
        const at = `${field}[${index}]`;
        if (verdict) return { ...verdict, field: verdict.field ? `${at}.${verdict.field}` : null };
        throw new Error(`verdicts for an import of ${items.length} users are incomplete`);
      });
    },
  };
}

function clearAlready(
  items: readonly Item<WantedLink>[],
  field: string,
): ReadonlyMap<number, PlacedVerdict> {
  const clear = new Map<number, PlacedVerdict>();
  const places = { user: new Map<string, number>(), account: new Map<string, number>() };
  for (const [index, { said, fault }] of items.entries()) {
    if (fault !== null) {
      clear.set(index, invalid(fault));
      continue;
    }
    const { platformUserId, discordUserId } = said;
    const ofUser = places.user.get(platformUserId);
    const first = ofUser ?? places.account.get(discordUserId);
    if (first === undefined) {
      places.user.set(platformUserId, index);
      places.account.set(discordUserId, index);
      continue;
    }
    const isUser = ofUser !== undefined;
    const what = isUser ? 'platform user' : 'Discord account';
    clear.set(index, {
      kind: 'CONFLICT',
      message: `This ${what} is also at ${field}[${first}]. List each user and each account once.`,
      linkId: null,
      field: `${field}[${index}].${isUser ? 'platformUserId' : 'discordUserId'}`,
    });
  }
  return clear;
}

const invalid = ({ message, field }: InputError): PlacedVerdict => ({
  kind: 'INVALID',
  message,
  linkId: null,
  field: field ?? null,
});
