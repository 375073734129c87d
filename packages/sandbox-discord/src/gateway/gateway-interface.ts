/**
 * The websocket half. In: connections of bots, changes of the world, planted faults. Out: events.
 * Never: an event to a bot that may not see it, unless `inject` sends it.
 */
export type SandboxGateway = {
  /** Sessions that are connected, or can still be resumed, oldest first. */
  sessions(): readonly SandboxSession[];
  readonly faults: SandboxGatewayFaults;
  /** Sends opcode 7, and closes the connection after `reconnectGraceMs` if the bot does not. */
  reconnect(which?: SandboxSessionFilter): void;
  /** Sends opcode 9. A session that is not resumable ends. */
  invalidate(which?: SandboxSessionFilter & { readonly isResumable?: boolean }): void;
  /** Closes connections with a code, 4000 by default. The sessions stay resumable. */
  close(which?: SandboxSessionFilter & { readonly code?: number; readonly reason?: string }): void;
  /** Cuts connections without a closing frame. The sessions stay resumable. */
  cut(which?: SandboxSessionFilter): void;
  /**
   * Connections die silently: they stay open, but carry no payload in either direction. Half-open
   * ones do not even answer a closing frame. The sessions stay resumable on another connection.
   */
  freeze(which?: SandboxSessionFilter & { readonly isHalfOpen?: boolean }): void;
  /** Sends opcode 1: the bot must answer with a heartbeat at once. */
  requestHeartbeat(which?: SandboxSessionFilter): void;
  /** Sends any payload as it is, outside the sequence and without a check. */
  inject(which: SandboxSessionFilter & { readonly payload: unknown }): void;
  /** Cuts all connections and refuses new ones with 503 until it is up again. */
  setDown(isDown: boolean): void;
  isDown(): boolean;
  /** An outage of one guild: its bots receive GUILD_DELETE, and GUILD_CREATE when it is over. */
  setGuildUnavailable(which: { readonly guildId: string; readonly isUnavailable: boolean }): void;
};

export type SandboxSession = {
  readonly sessionId: string;
  readonly applicationId: string;
  readonly shard: readonly [shardId: number, shardCount: number];
  readonly intents: number;
  /** When it identified, in milliseconds since 1970. */
  readonly since: number;
  readonly state: 'connected' | 'frozen' | 'resumable';
  readonly lastHeartbeatAt: number | null;
  /** The sequence number of the last event. */
  readonly sequence: number;
  /** How many events were sent, with those sent again by a resume. */
  readonly eventsSent: number;
  readonly resumes: number;
  readonly compression: SandboxCompression;
};

/** `payload`: each large payload by itself, as asked for in the identify. */
export type SandboxCompression = 'none' | 'payload' | 'zlib-stream' | 'zstd-stream';

/** Every session that matches all given fields. */
export type SandboxSessionFilter = {
  readonly sessionId?: string | undefined;
  readonly applicationId?: string | undefined;
  readonly shardId?: number | undefined;
};

export type SandboxGatewayFault = {
  readonly effect: SandboxGatewayEffect;
  /** The event's name, `GUILD_MEMBER_UPDATE`; by default any but READY and RESUMED. */
  readonly event?: string | undefined;
  readonly applicationId?: string | undefined;
  readonly guildId?: string | undefined;
  /** How many events or identifies it hits. Default 1; null: until cleared. */
  readonly times?: number | null | undefined;
  /** The chance that it hits a matching one. Default 1. */
  readonly probability?: number | undefined;
};

export type SandboxGatewayEffect =
  /** The event is lost: it gets no sequence number, so no resume brings it. */
  | { readonly kind: 'drop' }
  /** The event comes twice, with two sequence numbers. */
  | { readonly kind: 'double' }
  /** Later events overtake it. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** It changes places with the session's next event, or comes after `ms` (1 s) if none follows. */
  | { readonly kind: 'reorder'; readonly ms?: number | undefined }
  /** An identify is refused with this code instead of READY. */
  | { readonly kind: 'refuseIdentify'; readonly code: number }
  /** An identify is answered with opcode 9, as if it came too early. */
  | { readonly kind: 'invalidSession' };

export type PlantedGatewayFault = SandboxGatewayFault & {
  readonly faultId: number;
  /** null: until cleared. */
  readonly left: number | null;
};

export type SandboxGatewayFaults = {
  plant(fault: SandboxGatewayFault): number;
  remove(faultId: number): void;
  /** Events that were held back are sent at once. */
  clear(): void;
  list(): readonly PlantedGatewayFault[];
};

/** Numbers that Discord chooses. Limits of the gateway are among `limits`. */
export type SandboxGatewaySettings = {
  /** Default 41,250. Without a heartbeat for half as long again the connection is closed. */
  readonly heartbeatIntervalMs: number;
  /** How long a bot may stay after opcode 7. Default 5 seconds. */
  readonly reconnectGraceMs: number;
  /** How long a session without a connection can be resumed. Default 3 minutes. */
  readonly resumableMs: number;
  /** How much of a session's past events is kept for a resume, in characters. Default 8 million. */
  readonly replayCharacters: number;
  /** How many shards may identify at once (Discord's `max_concurrency`). Default 1. */
  readonly maxConcurrency: number;
  /** More guilds on one shard are refused with 4011. Default 2500. */
  readonly maxGuildsPerShard: number;
};
