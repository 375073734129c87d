import type { ClientId, LinkId } from '../../model.js';
import type { ApiContext } from '../context.js';
import { Ctx, Field, Int, ObjectType } from '../decorators.js';
import { ImportStatusEnum } from '../enums.js';
import type { PlacedVerdict } from '../link-import.js';
import type { OrPromise } from '../rows.js';
import type { ImportVerdict } from '../views.js';
import { DiscordUser, toDiscordUser } from './discord-user.types.js';

@ObjectType({ description: 'What came of one user of the list.' })
export class ImportResult {
  readonly linkId!: LinkId | null;

  @Field(() => Int, {
    description: 'Its place in the list, from 0.',
    simple: true,
  })
  readonly index!: number;

  @Field(() => ImportStatusEnum, {
    description: 'What came of it.',
    simple: true,
  })
  readonly status!: ImportVerdict['kind'];

  @Field(() => String, {
    nullable: true,
    description: 'Why it is not linked; null when it is.',
    simple: true,
  })
  readonly message!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The place that is at fault, e.g. `input.users[3].platformUserId`; null where it is not one of them.',
    simple: true,
  })
  readonly field!: string | null;

  @Field(() => DiscordUser, {
    nullable: true,
    description: 'The link that stands now; null after a dry run.',
  })
  async discordUser(@Ctx() context: ApiContext): Promise<DiscordUser | null> {
    if (this.linkId === null) return null;
    const view = await context.loaders.links.load(this.linkId);
    return view ? toDiscordUser(view) : null;
  }
}

@ObjectType({
  description: 'How many users came to what.',
  simpleResolvers: true,
})
export class ImportCounts {
  @Field(() => Int, { description: 'Links made, or to be made.' })
  readonly linked!: number;

  @Field(() => Int, { description: 'Links that stood already.' })
  readonly unchanged!: number;

  @Field(() => Int, { description: 'Users or accounts linked elsewhere.' })
  readonly conflicts!: number;

  @Field(() => Int, { description: 'What cannot be linked.' })
  readonly invalid!: number;
}

@ObjectType({
  description: 'Links were imported, or a dry run said what would come of it.',
})
export class ImportDiscordUsersPayload {
  readonly clientId!: ClientId;

  @Field(() => [ImportResult], {
    description: 'One for each user, in the order of the list.',
    simple: true,
  })
  readonly results!: readonly Omit<ImportResult, 'discordUser'>[];

  @Field(() => ImportCounts, {
    description: 'The results, counted.',
    simple: true,
  })
  readonly counts!: ImportCounts;

  @Field(() => [String], {
    description: 'What the caller should know, though it was carried out.',
    simple: true,
  })
  readonly warnings!: readonly string[];

  @Field(() => Int, {
    description:
      'Members of the client that wait for the path now, those of this import and others: `DiscordClient.pendingMembers`, to be asked again until it is 0.',
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
