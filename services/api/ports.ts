/**
 * The ports of the API, by subject. They receive input whose shape is already checked, and return
 * the data that GraphQL shows, without secrets. They never change a role at Discord during a
 * request: mutations mark members for a reconcile, and the workers write. Methods throw InputError
 * when the caller is at fault. Batch reads return rows in the order of the given ids, with
 * undefined for an unknown id.
 */
import type { Stage } from '../lib/lifecycle.js';
import type { AuditReads } from './audit/ports.js';
import type { ClientPort, LiveReads, RoleReads } from './clients/ports.js';
import type { FactPort, PlatformReads } from './facts/ports.js';
import type { IdempotencyPort } from './idempotency/ports.js';
import type { LinkPort, LinkReads } from './links/ports.js';
import type { MappingPort, MappingReads, UnlinkedPort } from './mappings/ports.js';
import type { SignInPorts } from './sign-in/ports.js';
import type { NoticePort } from './subscriptions/ports.js';
import type { HeldPlanReads, SchedulePort, SweepPort } from './sweeps/ports.js';

/** Every query is one SQL statement, however many rows it returns. */
export interface ReadPort
  extends
    AuditReads,
    HeldPlanReads,
    LinkReads,
    LiveReads,
    MappingReads,
    PlatformReads,
    RoleReads,
    UnlinkedPort {}

/** Health of the process, as served by `/health/ready`. */
export interface HealthPort {
  /**
   * `starting`: only health and metrics are served. `stopping`: responses ask callers to close the
   * connection.
   */
  stage(): Stage;
  readiness(): {
    readonly isReady: boolean;
    readonly parts: readonly {
      readonly name: string;
      readonly state: 'ready' | 'degraded' | 'down';
      readonly reason?: string;
    }[];
  };
}

export interface ApiPorts {
  readonly clients: ClientPort;
  readonly mappings: MappingPort;
  readonly links: LinkPort;
  readonly signIn: SignInPorts;
  readonly facts: FactPort;
  readonly read: ReadPort;
  readonly schedules: SchedulePort;
  readonly sweeps: SweepPort;
  readonly notices: NoticePort;
  readonly idempotency: IdempotencyPort;
  readonly health: HealthPort;
}
