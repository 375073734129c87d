import type { LinkState, Outcome } from '../../model.js';
import { Field, ID, InputType } from './decorators.js';
import { LinkStateEnum, OutcomeEnum } from './enums.js';
import { DateTime, Snowflake } from './scalars.js';
import type { AuditFilter, LinkFilter } from './views.js';
import { checkList, checkOwnId, checkPlatformId, isGiven } from './checks.js';

@InputType({ description: 'Filters for links. Filters are combined with AND.' })
export class DiscordUserFilter {
  @Field(() => [LinkStateEnum], {
    nullable: true,
    description: 'Only links in one of these states.',
  })
  readonly states?: readonly LinkState[] | null;

  @Field(() => [ID], { nullable: true, description: 'Only links of these platform users.' })
  readonly platformUserIds?: readonly string[] | null;

  @Field(() => [Snowflake], {
    nullable: true,
    description: 'Only links of these Discord accounts.',
  })
  readonly discordUserIds?: readonly string[] | null;

  @Field(() => Snowflake, {
    nullable: true,
    description: 'Only links whose member was last observed with this role.',
  })
  readonly roleId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Only links whose platform user is in this group.',
  })
  readonly groupId?: string | null;
}

@InputType({ description: 'Filters for audit records. Filters are combined with AND.' })
export class AuditRecordFilter {
  @Field(() => ID, { nullable: true, description: 'Only records of this client.' })
  readonly clientId?: string | null;

  @Field(() => Snowflake, { nullable: true, description: 'Only records of this Discord account.' })
  readonly discordUserId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only records of this platform user.' })
  readonly platformUserId?: string | null;

  @Field(() => [OutcomeEnum], {
    nullable: true,
    description: 'Only records with one of these outcomes.',
  })
  readonly outcomes?: readonly Outcome[] | null;

  @Field(() => Snowflake, {
    nullable: true,
    description: 'Only records whose plan contains this role.',
  })
  readonly roleId?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Only records opened at or after this time.',
  })
  readonly openedAfter?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Only records opened before this time.' })
  readonly openedBefore?: Date | null;
}

/** A part left out and a part that is null are the same: no part. */
export function toLinkFilter(filter: DiscordUserFilter | null): LinkFilter {
  if (!filter) return {};
  const { states, platformUserIds, discordUserIds, roleId, groupId } = filter;
  return {
    ...(states ? { states: checkList(states, 'filter.states') } : {}),
    ...(platformUserIds
      ? {
          platformUserIds: checkList(platformUserIds, 'filter.platformUserIds').map((id, index) =>
            checkPlatformId(id, `filter.platformUserIds[${index}]`),
          ),
        }
      : {}),
    ...(discordUserIds
      ? { discordUserIds: checkList(discordUserIds, 'filter.discordUserIds') }
      : {}),
    ...(roleId ? { roleId } : {}),
    ...(isGiven(groupId) ? { groupId: checkPlatformId(groupId, 'filter.groupId') } : {}),
  };
}

export function toAuditFilter(filter: AuditRecordFilter | null): AuditFilter {
  if (!filter) return {};
  const { clientId, platformUserId, discordUserId, roleId } = filter;
  return {
    ...(isGiven(clientId) ? { clientId: checkOwnId(clientId, 'filter.clientId') } : {}),
    ...(isGiven(platformUserId)
      ? { platformUserId: checkPlatformId(platformUserId, 'filter.platformUserId') }
      : {}),
    ...(discordUserId ? { discordUserId } : {}),
    ...(filter.outcomes ? { outcomes: filter.outcomes } : {}),
    ...(roleId ? { roleId } : {}),
    ...(filter.openedAfter ? { openedAfter: filter.openedAfter } : {}),
    ...(filter.openedBefore ? { openedBefore: filter.openedBefore } : {}),
  };
}
