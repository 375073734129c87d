import type { ClientId, LinkId } from '../../model.js';
import type { ApiContext } from '../context.js';
import { Ctx, Field, Int, ObjectType } from '../kit/decorators.js';
import { ImportStatusEnum } from '../kit/enums.js';
import type { PlacedVerdict } from './link-import.js';
import type { OrPromise } from '../kit/rows.js';
import type { ImportVerdict } from '../kit/views.js';
import { DiscordUser, toDiscordUser } from './discord-user.types.js';

@ObjectType({ description: 'The result for one user of the list.' })
export class ImportResult {
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
  async discordUser(@Ctx() context: ApiContext): Promise<DiscordUser | null> {
    if (this.linkId === null) return null;
    const view = await context.loaders.links.load(this.linkId);
    return view ? toDiscordUser(view) : null;
  }
}

@ObjectType({ description: 'Number of users by result.', simpleResolvers: true })
export class ImportCounts {
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
export class ImportDiscordUsersPayload {
  readonly clientId!: ClientId;

  @Field(() => [ImportResult], {
    description: 'One result per user, in the order of the list.',
    simple: true,
  })
  readonly results!: readonly Omit<ImportResult, 'discordUser'>[];

  @Field(() => ImportCounts, { description: 'Number of users by result.', simple: true })
  readonly counts!: ImportCounts;

  @Field(() => [String], {
    description: 'Warnings about an operation that succeeded.',
    simple: true,
  })
  readonly warnings!: readonly string[];

  @Field(() => Int, {
    description:
      'Number of members of the client waiting for a reconcile, from this import and otherwise. Poll `DiscordClient.pendingMembers` until it is 0.',
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
