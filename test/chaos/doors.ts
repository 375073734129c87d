import type {
  Authority,
  HandRemovals,
  Holders,
  PlatformFact,
  SweepKind,
} from '../../services/model.js';
import type { Store } from '../../services/store/store.js';
import { cause, mapGroup } from '../builders/store-world.js';

/**
 * How a world sends changes and queries to the connector: directly to its store, or as the platform
 * and its admins do.
 */
export interface Doors {
  /** Resolves when the facts are stored durably. */
  tell(facts: readonly PlatformFact[]): Promise<void>;
  link(platformUserId: string, discordUserId: string): Promise<void>;
  unlink(linkId: string): Promise<void>;
  reconcile(linkId: string): Promise<void>;
  linkOf(platformUserId: string): Promise<string | undefined>;
  /** Returns the mapping's id. */
  map(groupId: string, roleId: string): Promise<string | null>;
  setAuthority(mappingId: string, authority: Authority): Promise<void>;
  retire(mappingId: string, holders: Holders): Promise<void>;
  update(patch: ClientPatch): Promise<void>;
  importRoles(): Promise<void>;
  startSweep(kind: SweepKind, isDryRun: boolean): Promise<void>;
  cancelSweep(sweepId: string): Promise<void>;
  /** Returns the decided plan. */
  decideSweep(decision: Decision): Promise<ShownPlan | null>;
  /** Sweeps, newest first. */
  sweeps(): Promise<readonly ShownSweep[]>;
  countPending(): Promise<number>;
  /** Accounts whose link is ending. */
  endingAccounts(): Promise<readonly string[]>;
}

export interface ClientPatch {
  readonly isEnabled?: boolean;
  readonly authority?: Authority;
  readonly unknownMembership?: 'KEEP' | 'REMOVE';
  readonly removalGuard?: {
    readonly minimum: number;
    readonly percent: number;
  };
  readonly wholeListWrites?: boolean;
  readonly botToken?: string;
  readonly isLive?: boolean;
  readonly handRemovals?: HandRemovals;
}

export interface Decision {
  readonly id: string;
  readonly hash: string;
  readonly verdict: 'APPROVED' | 'REJECTED';
}

export interface ShownSweep {
  readonly id: string;
  readonly state: string;
  readonly plan: ShownPlan | null;
}

export interface ShownPlan {
  readonly hash: string;
  readonly members: readonly {
    readonly discordUserId: string;
    readonly remove: readonly string[];
  }[];
}

export function storeDoors(deps: {
  readonly store: Store;
  readonly clientId: string;
  readonly update: (patch: ClientPatch) => Promise<void>;
  readonly importRoles: () => Promise<unknown>;
}): Doors {
  const { store, clientId } = deps;
  const { links, mappings, sweeps } = store;
  return {
    tell: async (facts) => void (await store.applyFacts(facts)),
    link: async (platformUserId, discordUserId) =>
      void (await links.linkMember({
        clientId,
        platformUserId,
        discordUserId,
        cause,
      })),
    unlink: async (id) => links.unlinkMember({ id, cause }),
    reconcile: async (id) => void (await links.reconcileMember({ id, cause, waitMs: 50 })),
    linkOf: async (platformUserId) =>
      (await store.read.findLinkByPlatformUser(clientId, platformUserId))?.id,
    async map(groupId, roleId) {
      const { mapping } = await mapGroup(mappings, {
        clientId,
        groupId,
        roleId,
      });
      return mapping?.id ?? null;
    },
    setAuthority: async (id, authority) =>
      void (await mappings.updateMapping({ id, authority, cause })),
    retire: async (id, holders) =>
      void (await mappings.retireMapping({
        id,
        holders,
        dryRun: false,
        cause,
      })),
    update: deps.update,
    importRoles: async () => void (await deps.importRoles().catch(() => undefined)),
    startSweep: async (kind, dryRun) =>
      void (await sweeps.startSweep({
        clientId,
        kind,
        dryRun,
        enforceStrategy: null,
        cause,
      })),
    cancelSweep: async (id) => void (await sweeps.cancelSweep(id)),
    decideSweep: async (decision) => (await sweeps.decideSweep({ ...decision, cause })).plan,
    async sweeps() {
      const { rows } = await sweeps.pageSweeps(
        { clientId, kind: null },
        { limit: 200, after: null },
      );
      return rows;
    },
    countPending: async () => store.read.countLinks(clientId, { states: ['PENDING'] }),
    async endingAccounts() {
      const { rows } = await store.read.pageLinks(
        clientId,
        { states: ['ENDING'] },
        { limit: 100, after: null },
      );
      return rows.map((row) => row.discordUserId);
    },
  };
}
