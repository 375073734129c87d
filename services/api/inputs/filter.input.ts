import type { LinkState, Outcome } from '../../model.js';
import { Field, ID, InputType } from '../decorators.js';
import { LinkStateEnum, OutcomeEnum } from '../enums.js';
import { DateTime, Snowflake } from '../scalars.js';
import type { AuditFilter, LinkFilter } from '../views.js';
import { checkList, checkOwnId, checkPlatformId, isGiven } from './checks.js';

@InputType({ description: 'Which links to show; every part given has to fit.' })
export class DiscordUserFilter {
  @Field(() => [LinkStateEnum], {
    nullable: true,
    description: 'In one of these states.',
  })
  readonly states?: readonly LinkState[] | null;

  @Field(() => [ID], {
    nullable: true,
    description: 'Of one of these platform users.',
  })
  readonly platformUserIds?: readonly string[] | null;

  @Field(() => [Snowflake], {
    nullable: true,
    description: 'Of one of these accounts at Discord.',
  })
  readonly discordUserIds?: readonly string[] | null;

  @Field(() => Snowflake, {
    nullable: true,
    description: 'Whose member was last seen with this role.',
  })
  readonly roleId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Whose platform user is in this group.',
  })
  readonly groupId?: string | null;
}

@InputType({
  description: 'Which audit records to show; every part given has to fit.',
})
export class AuditRecordFilter {
  @Field(() => ID, { nullable: true, description: 'At this client.' })
  readonly clientId?: string | null;

  @Field(() => Snowflake, {
    nullable: true,
    description: 'Of this account at Discord.',
  })
  readonly discordUserId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Of this platform user.' })
  readonly platformUserId?: string | null;

  @Field(() => [OutcomeEnum], {
    nullable: true,
    description: 'With one of these outcomes.',
  })
  readonly outcomes?: readonly Outcome[] | null;

  @Field(() => Snowflake, {
    nullable: true,
    description: 'Whose plan named this role.',
  })
  readonly roleId?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Opened at this moment or later.',
  })
  readonly openedAfter?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Opened before this moment.',
  })
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
          platformUserIds: checkList(
            platformUserIds,
            'filter.platformUserIds',
          ).map((id, index) =>
            checkPlatformId(id, `filter.platformUserIds[${index}]`),
          ),
        }
      : {}),
    ...(discordUserIds
      ? { discordUserIds: checkList(discordUserIds, 'filter.discordUserIds') }
      : {}),
    ...(roleId ? { roleId } : {}),
    ...(isGiven(groupId)
      ? { groupId: checkPlatformId(groupId, 'filter.groupId') }
      : {}),
  };
}

export function toAuditFilter(filter: AuditRecordFilter | null): AuditFilter {
  if (!filter) return {};
  const { clientId, platformUserId, discordUserId, roleId } = filter;
  return {
    ...(isGiven(clientId)
      ? { clientId: checkOwnId(clientId, 'filter.clientId') }
      : {}),
    ...(isGiven(platformUserId)
      ? {
          platformUserId: checkPlatformId(
            platformUserId,
            'filter.platformUserId',
          ),
        }
      : {}),
    ...(discordUserId ? { discordUserId } : {}),
    ...(filter.outcomes ? { outcomes: filter.outcomes } : {}),
    ...(roleId ? { roleId } : {}),
    ...(filter.openedAfter ? { openedAfter: filter.openedAfter } : {}),
    ...(filter.openedBefore ? { openedBefore: filter.openedBefore } : {}),
  };
}
