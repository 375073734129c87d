import type {
  AuditRecordId,
  Cause,
  ClientId,
  DiscordUserId,
  Outcome,
  PlatformUserId,
  RoleChanges,
  RoleId,
} from '../../model.js';

export interface AuditRecordView {
  readonly id: AuditRecordId;
  readonly clientId: ClientId;
  readonly discordUserId: DiscordUserId;
  readonly platformUserId: PlatformUserId | null;
  readonly causes: readonly Cause[];
  readonly plannedAdded: readonly RoleId[];
  readonly plannedRemoved: readonly RoleId[];
  readonly added: readonly RoleId[];
  readonly removed: readonly RoleId[];
  readonly ensured: RoleChanges;
  readonly nickname: string | null;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
}
