import type { Outcome } from '../../model.js';
import { checkOwnId, checkPlatformId, isGiven } from '../kit/checks.js';
import { Field, ID, InputType } from '../kit/decorators.js';
import { OutcomeEnum } from '../kit/enums.js';
import { DateTime, Snowflake } from '../kit/scalars.js';
import type { AuditFilter } from './ports.js';

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
