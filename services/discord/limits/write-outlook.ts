import type { WriteOutlook, WriteOutlookOf } from '../../reconcile/ports.js';
import type { Bot } from '../rest/bots.js';
import { bucketName, type BucketUse, writeUses } from './ledger.js';
import type { Seen } from '../rest/caller.js';

/**
 * What may be written to the members of a client's guild, according to the last headers. Does not
 * call Discord.
 */
export function createWriteOutlook(deps: {
  readonly seen: (clientId: string) => Seen | undefined;
  readonly clock: () => number;
}): WriteOutlookOf {
  return ({ clientId, isUrgent }) => {
    const known = deps.seen(clientId);
    return known ? outlookOf(known, isUrgent, deps.clock) : UNKNOWN;
  };
}

const UNKNOWN: WriteOutlook = {
  left: Infinity,
  singlesFrom: () => 0,
  listsFrom: () => 0,
};

function outlookOf({ bot, guildId }: Seen, isUrgent: boolean, clock: () => number): WriteOutlook {
  const { addition, removal, edit } = writeUses(guildId, isUrgent);
  const areOne = bot.ledger.areOne(addition, removal);
  const left = (use: BucketUse) => (openFrom(bot, use) > clock() ? 0 : bot.ledger.left(use));
  const from = (use: BucketUse, calls: number) =>
    calls === 0 ? 0 : Math.max(openFrom(bot, use), bot.ledger.freeFrom(use, calls));
  const singles = [left(addition), left(removal)] as const;

  return {
    left: left(edit) + Math.max(...singles),
    singlesFrom(calls, others) {
      const all = calls.add + calls.remove + others.add + others.remove;
      const wanted = (kind: 'add' | 'remove') => {
        if (calls[kind] === 0) return 0;
        return areOne ? all : calls[kind] + others[kind];
      };
      return Math.max(from(addition, wanted('add')), from(removal, wanted('remove')));
    },
    listsFrom: (calls) => from(edit, calls),
  };
}

function openFrom({ gate }: Bot, use: BucketUse): number {
  return gate.openFrom(bucketName(use));
}
