import { Field, ID, ObjectType } from '../kit/decorators.js';
import { describeEnum, MembershipChangeKindEnum } from '../kit/enums.js';
import type { MembershipRequestView, RequestStateName } from '../http/request-view.js';
import { DateTime } from '../kit/scalars.js';

export const MembershipRequestStateEnum = describeEnum<RequestStateName>(
  'MembershipRequestState',
  "The platform's response to a request.",
  {
    OPEN: 'No response yet.',
    DISPUTED:
      'The platform has reported the opposite since. The request is not repeated until the role changes at Discord.',
  },
);

@ObjectType({
  description:
    'A membership change requested from the platform by `discord.membership.requested.v1`, where Discord has authority over a role. Removed once the platform confirms it.',
  simpleResolvers: true,
})
export class MembershipRequest {
  readonly clientId!: string;
  readonly groupId!: string;
  readonly roleId!: string;

  @Field(() => ID, { description: 'The id of the event.' })
  readonly id!: string;

  @Field(() => MembershipChangeKindEnum, { description: 'The requested membership.' })
  readonly change!: 'ADDED' | 'REMOVED';

  @Field(() => MembershipRequestStateEnum, { description: "The platform's response." })
  readonly state!: RequestStateName;

  @Field(() => DateTime, { description: 'When the request was sent.' })
  readonly askedAt!: Date;
}

export function toMembershipRequest(view: MembershipRequestView): MembershipRequest {
  const { id, clientId, groupId, roleId, change, state, askedAt } = view;
  return { id, clientId, groupId, roleId, change, state, askedAt };
}
