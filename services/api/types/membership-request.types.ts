import { Field, ID, ObjectType } from '../decorators.js';
import { describeEnum, MembershipChangeKindEnum } from '../enums.js';
import type {
  MembershipRequestView,
  RequestStateName,
} from '../request-view.js';
import { DateTime } from '../scalars.js';

export const MembershipRequestStateEnum = describeEnum<RequestStateName>(
  'MembershipRequestState',
  'What the platform has made of a request.',
  {
    OPEN: 'It has said nothing since.',
    DISPUTED:
      'It has said the contrary since. It is not asked again until the role changes at Discord.',
  },
);

@ObjectType({
  description:
    'Discord has the say over a role, and the platform was asked to follow: `discord.membership.requested.v1`. Gone when the platform says the same.',
  simpleResolvers: true,
})
export class MembershipRequest {
  readonly clientId!: string;
  readonly groupId!: string;
  readonly roleId!: string;

  @Field(() => ID, { description: 'The id of the event.' })
  readonly id!: string;

  @Field(() => MembershipChangeKindEnum, {
    description: 'What is to become of the membership.',
  })
  readonly change!: 'ADDED' | 'REMOVED';

  @Field(() => MembershipRequestStateEnum, {
    description: 'What the platform has made of it.',
  })
  readonly state!: RequestStateName;

  @Field(() => DateTime, { description: 'When the platform was asked.' })
  readonly askedAt!: Date;
}

export function toMembershipRequest(
  view: MembershipRequestView,
): MembershipRequest {
  const { id, clientId, groupId, roleId, change, state, askedAt } = view;
  return { id, clientId, groupId, roleId, change, state, askedAt };
}
