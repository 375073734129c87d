import type { ClientId, GroupId, LinkId, RoleId } from '../../model.js';

export type RequestStateName = 'OPEN' | 'DISPUTED';

/** Membership changes requested from the platform, where Discord has authority over a role. */
export interface MembershipRequestView {
  /** The written event's. */
  readonly id: string;
  readonly linkId: LinkId;
  readonly clientId: ClientId;
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly change: 'ADDED' | 'REMOVED';
  readonly state: RequestStateName;
  readonly askedAt: Date;
}

/** What the next run would request from the platform. */
export interface PlannedRequestView {
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly change: 'ADDED' | 'REMOVED';
  /** The removal guard would hold it. */
  readonly isHeld: boolean;
}
