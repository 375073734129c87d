import type { Replaced } from './watched-map.js';
import type {
  FullGuild,
  FullMember,
  FullRole,
  SandboxApplication,
  SandboxAuditEntry,
  SandboxBan,
  SandboxUser,
} from './world.js';

/** One change of the running world. Whoever caused it, it is published once, after it was made. */
export type WorldChange =
  | ({ readonly kind: 'member'; readonly guildId: string } & Replaced<FullMember>)
  | ({ readonly kind: 'role'; readonly guildId: string } & Replaced<FullRole>)
  | ({ readonly kind: 'ban'; readonly guildId: string } & Replaced<SandboxBan>)
  | ({ readonly kind: 'guild'; readonly guildId: string } & Replaced<ChangedGuild>)
  | ({ readonly kind: 'user' } & Replaced<Required<SandboxUser>>)
  | ({ readonly kind: 'application' } & Replaced<Required<SandboxApplication>>)
  | {
      readonly kind: 'auditEntry';
      readonly guildId: string;
      readonly entry: SandboxAuditEntry;
    };

/** The guild's own fields, and its members to know which bots a removed guild had. */
type ChangedGuild = Pick<FullGuild, 'guildId' | 'name'> & {
  readonly members: ReadonlyMap<string, FullMember>;
};

export type WorldChanges = {
  publish(change: WorldChange): void;
  /** Calls the listener after every change, in order. Returns a function that stops listening. */
  onChange(listener: (change: WorldChange) => void): () => void;
};

export function createWorldChanges(): WorldChanges {
  const listeners = new Set<(change: WorldChange) => void>();
  return {
    publish(change) {
      for (const listener of listeners) listener(change);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
