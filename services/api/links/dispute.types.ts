import type { ClientId, RoleId } from '../../model.js';
import { Field, ObjectType } from '../kit/decorators.js';
import { describeEnum } from '../kit/enums.js';
import { DateTime } from '../kit/scalars.js';

const DisputeKindEnum = describeEnum('DisputeKind', 'Who disagrees about a role.', {
  REVERSALS:
    'Another bot or person has undone the same change of the connector three times within ten minutes. The connector tries again after 10 minutes, then less often, but at least hourly; a newer fact about the group and `reconcileDiscordUser` try at once.',
  REQUEST:
    'Discord has authority, and the platform has reported the opposite of what it was asked for; see `requests`.',
});

@ObjectType({
  description: 'A disagreement about a role that the connector cannot settle.',
  simpleResolvers: true,
})
export class Dispute {
  readonly clientId!: ClientId;
  readonly roleId!: RoleId;

  @Field(() => DisputeKindEnum, { description: 'Who disagrees.' })
  readonly kind!: keyof typeof DisputeKindEnum;

  @Field(() => String, {
    nullable: true,
    description:
      'Name and Discord id of the account that undoes the change. Null if Discord does not say, or for REQUEST.',
  })
  readonly by!: string | null;

  @Field(() => DateTime, {
    description: 'When the dispute began; for REQUEST, when the platform was asked.',
  })
  readonly since!: Date;
}
