import type { ClientId, DiscordUserId, PresentMember } from '../../model.js';
import type { HandEntry, LiveChange, MemberChanges, SessionPosition } from './ports.js';

/** What a flush applies, taken out of the buffer. */
export interface TakenEvents {
  /** The last event before the first one still kept; null: none has arrived. */
  readonly position: SessionPosition | null;
  readonly clients: readonly MemberChanges[];
  readonly hands: ReadonlyMap<ClientId, readonly HandEntry[]>;
  /** Puts back what could not be applied. Newer events of the same members win. */
  putBack(): void;
}

/**
 * Events of one shard that wait to be applied. Of each member only the newest state is kept, because
 * an event shows the whole member. Memory is bounded by the number of distinct members.
 */
export interface EventBuffer {
  add(clientId: ClientId, change: LiveChange, position: SessionPosition): void;
  /** Notes the position of an event without effects. */
  pass(position: SessionPosition): void;
  /**
   * Takes all events out, except those of members for whom `isBusy` is true. The position stays
   * before the first event that is left, so that a restart receives it again.
   */
  take(isBusy: (clientId: ClientId, discordUserId: DiscordUserId) => boolean): TakenEvents;
  /** Drops everything. */
  clear(): void;
  /** Members and bans that wait. */
  size(): number;
}

interface Waiting {
  /** Null: the member left. */
  readonly member: PresentMember | null;
  /** The first event of the member that is not applied yet. */
  readonly since: SessionPosition;
}

interface WaitingClient {
  readonly members: Map<DiscordUserId, Waiting>;
  readonly bans: Map<DiscordUserId, boolean>;
  readonly hands: HandEntry[];
}

export function createEventBuffer(): EventBuffer {
  let clients = new Map<ClientId, WaitingClient>();
  let last: SessionPosition | null = null;

  const of = (clientId: ClientId): WaitingClient => {
    const known = clients.get(clientId);
    if (known !== undefined) return known;
    const client = { members: new Map(), bans: new Map(), hands: [] };
    clients.set(clientId, client);
    return client;
  };

  return {
    pass(position) {
      last = position;
    },
    add(clientId, change, position) {
      last = position;
      if (isAboutMembers(change)) keep(of(clientId), change, position);
    },
    take(isBusy) {
      const waiting = clients;
      clients = new Map();
      let position = last;
      for (const [clientId, { members }] of waiting)
        for (const [discordUserId, one] of members)
          if (isBusy(clientId, discordUserId)) {
            members.delete(discordUserId);
            of(clientId).members.set(discordUserId, one);
            position = earlier(position, one.since);
          }
      return {
        ...changesOf(waiting),
        position,
        putBack: () => void (clients = merged(waiting, clients)),
      };
    },
    clear() {
      clients = new Map();
    },
    size: () =>
      [...clients.values()].reduce(
        (sum, { members, bans, hands }) => sum + members.size + bans.size + hands.length,
        0,
      ),
  };
}

type MemberChange = Exclude<
  LiveChange,
  { readonly kind: 'rolesChanged' | 'guildAvailable' | 'guildUnavailable' | 'guildLeft' }
>;

function isAboutMembers(change: LiveChange): change is MemberChange {
  return 'discordUserId' in change;
}

function keep(client: WaitingClient, change: MemberChange, position: SessionPosition): void {
  const { discordUserId } = change;
  if (change.kind === 'handEntry') client.hands.push(change);
  else if (change.kind === 'ban') client.bans.set(discordUserId, change.isBanned);
  else {
    const since = client.members.get(discordUserId)?.since ?? position;
    const member = change.kind === 'memberShown' ? change.member : null;
    client.members.set(discordUserId, { member, since });
  }
}

type Buffered = Map<ClientId, WaitingClient>;

function changesOf(waiting: Buffered): Pick<TakenEvents, 'clients' | 'hands'> {
  const clients: MemberChanges[] = [];
  const hands = new Map<ClientId, readonly HandEntry[]>();
  for (const [clientId, client] of waiting) {
    const shown: MemberChanges['shown'][number][] = [];
    const left: DiscordUserId[] = [];
    for (const [discordUserId, { member }] of client.members) {
      if (member === null) left.push(discordUserId);
      else shown.push({ discordUserId, member });
    }
    const bans = [...client.bans].map(([discordUserId, isBanned]) => ({ discordUserId, isBanned }));
    if (client.hands.length > 0) hands.set(clientId, client.hands);
    if (shown.length + left.length + bans.length > 0) clients.push({ clientId, shown, left, bans });
  }
  return { clients, hands };
}

/** Both buffers in one. The newer state of a member wins, but keeps the earlier `since`. */
function merged(older: Buffered, newer: Buffered): Buffered {
  const all = new Map(older);
  for (const [clientId, { members, bans, hands }] of newer) {
    const before = older.get(clientId);
    if (before === undefined) {
      all.set(clientId, { members, bans, hands });
      continue;
    }
    const together = new Map(before.members);
    for (const [discordUserId, { member, since }] of members)
      together.set(discordUserId, {
        member,
        since: before.members.get(discordUserId)?.since ?? since,
      });
    all.set(clientId, {
      members: together,
      bans: new Map([...before.bans, ...bans]),
      hands: [...before.hands, ...hands],
    });
  }
  return all;
}

/** The position just before `since`, if that is earlier than `position`. */
function earlier(position: SessionPosition | null, since: SessionPosition): SessionPosition | null {
  const before = since.sequence - 1;
  if (position === null || position.sessionId !== since.sessionId) return position;
  return position.sequence <= before ? position : { ...position, sequence: before };
}
