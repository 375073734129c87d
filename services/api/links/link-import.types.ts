import type { InputError } from '../../lib/errors.js';
import type { ClientId, DiscordUserId, LinkId, PlatformUserId } from '../../model.js';
import type { ApiContext } from '../context.js';
import { checkPlatformId, type Item, readItems } from '../kit/checks.js';
import { Ctx, Field, Int, ObjectType, Payload } from '../kit/decorators.js';
import { describeEnum } from '../kit/enums.js';
import type { OrPromise } from '../kit/rows.js';
import { DiscordUser } from './discord-user.types.js';
import type { ImportedDiscordUserInput } from './link.input.js';
import type { ImportVerdict } from './ports.js';

const ImportStatusEnum = describeEnum<ImportVerdict['kind']>(
  'ImportStatus',
  'The result for one user of an import.',
  {
    LINKED: 'The link was created or, in a dry run, would be created.',
    UNCHANGED: 'The same link already exists.',
    CONFLICT: 'The user or the account is linked elsewhere, or is listed twice; nothing changed.',
    INVALID: 'Cannot be linked; see `message`.',
  },
);

@ObjectType({ description: 'The result for one user of the list.' })
class ImportResult {
  readonly linkId!: LinkId | null;

  @Field(() => Int, { description: 'Index of the user in the list, from 0.', simple: true })
  readonly index!: number;

  @Field(() => ImportStatusEnum, { description: 'The result.', simple: true })
  readonly status!: ImportVerdict['kind'];

  @Field(() => String, {
    nullable: true,
    description: 'Why the user was not linked. Null if linked.',
    simple: true,
  })
  readonly message!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Path of the field at fault, e.g. `input.users[3].platformUserId`. Null if no field is.',
    simple: true,
  })
  readonly field!: string | null;

  @Field(() => DiscordUser, {
    nullable: true,
    description: 'The current link. Null after a dry run.',
  })
  discordUser(@Ctx() { loaders }: ApiContext): OrPromise<DiscordUser | undefined> {
    return this.linkId === null ? undefined : loaders.links.load(this.linkId);
  }
}

@ObjectType({ description: 'Number of users by result.', simpleResolvers: true })
class ImportCounts {
  @Field(() => Int, { description: 'Links created, or to be created in a dry run.' })
  readonly linked!: number;

  @Field(() => Int, { description: 'Links that already existed.' })
  readonly unchanged!: number;

  @Field(() => Int, { description: 'Users or accounts linked elsewhere.' })
  readonly conflicts!: number;

  @Field(() => Int, { description: 'Invalid items.' })
  readonly invalid!: number;
}

@ObjectType({ description: 'The result of `importDiscordUsers`.' })
export class ImportDiscordUsersPayload extends Payload {
  readonly clientId!: ClientId;

  @Field(() => [ImportResult], {
    description: 'One result per user, in the order of the list.',
    simple: true,
  })
  readonly results!: readonly Omit<ImportResult, 'discordUser'>[];

  @Field(() => ImportCounts, { description: 'Number of users by result.', simple: true })
  readonly counts!: ImportCounts;

  @Field(() => Int, {
    description:
      'How many members of the client wait for a reconcile, because of this import or for other reasons. Poll `DiscordClient.pendingMembers` until it is 0.',
  })
  pendingMembers(@Ctx() context: ApiContext): OrPromise<number> {
    return context.loaders.pendingOfClient.load(this.clientId);
  }
}

export function toImportPayload(
  clientId: ClientId,
  verdicts: readonly PlacedVerdict[],
  dryRun: boolean,
): Omit<ImportDiscordUsersPayload, 'pendingMembers'> {
  const count = (kind: ImportVerdict['kind']) =>
    verdicts.filter((verdict) => verdict.kind === kind).length;
  return {
    clientId,
    results: verdicts.map(({ kind, message, field, linkId }, index) => ({
      index,
      status: kind,
      message,
      field,
      linkId: dryRun ? null : linkId,
    })),
    counts: {
      linked: count('LINKED'),
      unchanged: count('UNCHANGED'),
      conflicts: count('CONFLICT'),
      invalid: count('INVALID'),
    },
    warnings: verdicts.length === 0 ? ['The list was empty.'] : [],
  };
}

interface WantedLink {
  readonly platformUserId: PlatformUserId;
  readonly discordUserId: DiscordUserId;
}

/**
 * The result for one item. `field` is the path of the invalid field; null if no single field is
 * invalid.
 */
interface PlacedVerdict extends Omit<ImportVerdict, 'field'> {
  readonly field: string | null;
}

/** `wanted` contains the items to import. All other items of the list already have a result. */
interface ImportList {
  readonly wanted: readonly WantedLink[];
  /**
   * Merges the results for `wanted` with the results of the other items, in the order of the list.
   */
  merge(verdicts: readonly ImportVerdict[]): readonly PlacedVerdict[];
}

/** Reads the list. If two items have the same user or account, the second is a CONFLICT. */
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
