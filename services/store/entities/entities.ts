import type { InferKyselyDB } from '@mikro-orm/postgresql';
import type { Kysely, Selectable } from 'kysely';

import { AskedRemovalEntity, AuditRecordEntity, RemovalDecisionEntity } from './audit.entity.js';
import { ClientEntity } from './client.entity.js';
import { BotLeaseEntity, ReconcileJobEntity, WorkerEntity } from './job.entity.js';
import { LinkEntity } from './link.entity.js';
import {
  GatewaySessionEntity,
  GatewayStartEntity,
  HandChangeEntity,
  LiveGuildEntity,
} from './live.entity.js';
import { RoleEntity, RoleMappingEntity } from './mapping.entity.js';
import { DepartedAccountEntity, MemberEntity, UnlinkedHolderEntity } from './member.entity.js';
import { IdempotentRequestEntity, OutboxEntity, WriteProbeEntity } from './outbox.entity.js';
import { MembershipEntity, PlatformGroupEntity, PlatformUserEntity } from './platform.entity.js';
import { RemoteMembershipEntity } from './remote.entity.js';
import { DiscordGrantEntity, LinkTicketEntity, RevocationEntity } from './sign-in.entity.js';
import {
  GuildListingEntity,
  ScheduleEntity,
  SweepEntity,
  SweepMarkEntity,
} from './sweep.entity.js';

/** Every table, in the order of the data flow: facts, configuration, work, results. */
export const ENTITIES = [
  PlatformUserEntity,
  PlatformGroupEntity,
  MembershipEntity,
  ClientEntity,
  RoleEntity,
  RoleMappingEntity,
  LinkEntity,
  MemberEntity,
  DepartedAccountEntity,
  UnlinkedHolderEntity,
  LiveGuildEntity,
  GatewaySessionEntity,
  GatewayStartEntity,
  HandChangeEntity,
  LinkTicketEntity,
  DiscordGrantEntity,
  RevocationEntity,
  ReconcileJobEntity,
  BotLeaseEntity,
  WorkerEntity,
  ScheduleEntity,
  SweepEntity,
  SweepMarkEntity,
  GuildListingEntity,
  RemoteMembershipEntity,
  AuditRecordEntity,
  RemovalDecisionEntity,
  AskedRemovalEntity,
  OutboxEntity,
  IdempotentRequestEntity,
  WriteProbeEntity,
] as const;

/** Kysely's types of the tables: camelCase properties with the entities' types. */
export type Schema = InferKyselyDB<
  (typeof ENTITIES)[number],
  { columnNamingStrategy: 'property'; tableNamingStrategy: 'table' }
>;

/** Runs typed queries and raw `sql`, in a transaction or outside. */
export type Db = Kysely<Schema>;

/** A row as typed queries return it. */
export type Row<Table extends keyof Schema> = Selectable<Schema[Table]>;
