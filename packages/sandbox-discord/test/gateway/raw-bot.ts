import { GatewayIntentBits, GatewayOpcodes } from 'discord-api-types/v10';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import { GUILD, type StartOptions, startSandbox, TOKEN } from '../small-world.js';

export const INTENTS =
  GatewayIntentBits.Guilds | GatewayIntentBits.GuildMembers | GatewayIntentBits.GuildModeration;

export interface ReceivedPayload {
  readonly op: GatewayOpcodes;
  readonly t: string | null;
  readonly s: number | null;
  readonly d: EventBody;
}

/** The fields of all events. A test knows which of them its event has. */
export interface EventBody {
  readonly heartbeat_interval: number;
  readonly session_id: string;
  readonly resume_gateway_url: string;
  readonly id: string;
  readonly guild_id: string;
  readonly user_id: string;
  readonly target_id: string;
  readonly action_type: number;
  readonly unavailable?: boolean;
  readonly nick: string | null;
  readonly roles: readonly unknown[];
  readonly role: { readonly id: string };
  readonly user: { readonly id: string };
  readonly guilds: readonly unknown[];
  readonly members: readonly { readonly user: { readonly id: string } }[];
  readonly member_count: number;
  readonly large: boolean;
  readonly chunk_index: number;
  readonly chunk_count: number;
  readonly not_found: readonly string[];
  readonly nonce?: string;
  readonly retry_after: number;
}

/** Of two shards, the one that has the guild. */
export const SHARD_OF_GUILD = Number((BigInt(GUILD) >> 22n) % 2n);

const PATIENCE_MS = 10_000;

/** A bot without a library: it sends single payloads and records what it receives. */
export class RawBot {
  readonly received: ReceivedPayload[] = [];
  readonly frames: { readonly isBinary: boolean; readonly data: Buffer }[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Reads a binary frame. */
  decode: ((data: Buffer) => string | undefined) | undefined;
  readonly #socket: WebSocket;
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (data: Buffer, isBinary) => {
      this.frames.push({ isBinary, data });
      const text = isBinary ? this.decode?.(data) : data.toString('utf8');
      if (text !== undefined) this.received.push(JSON.parse(text));
      for (const check of this.#waiting) check();
    });
    this.closed = new Promise((resolve) => {
      this.#socket.once('close', (code, reason) => {
        this.#isClosed = true;
        resolve({ code, reason: reason.toString('utf8') });
        for (const check of this.#waiting) check();
      });
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** The first payload that fits, received already or yet to come. */
  async first(fits: (payload: ReceivedPayload) => boolean, what: string): Promise<ReceivedPayload> {
    await this.until(() => this.received.some(fits), what);
    const found = this.received.find(fits);
    if (!found) throw new Error(`${what} is gone`);
    return found;
  }

  event(name: string, nth = 1): Promise<ReceivedPayload> {
    const named = () => this.received.filter(({ t }) => t === name);
    return this.until(() => named().length >= nth, `${name} number ${nth}`).then(() => {
      const found = named()[nth - 1];
      if (!found) throw new Error(`no ${name}`);
      return found;
    });
  }

  opcode(op: GatewayOpcodes): Promise<ReceivedPayload> {
    return this.first((payload) => payload.op === op, `opcode ${op}`);
  }

  until(isTrue: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const names = () => this.received.map(({ op, t }) => t ?? op).join(', ');
      const end = (): void => {
        clearTimeout(deadline);
        this.#waiting.delete(check);
      };
      const check = (): void => {
        if (isTrue()) {
          end();
          resolve();
        } else if (this.#isClosed) {
          end();
          reject(new Error(`closed before ${what}; received ${names()}`));
        }
      };
      const deadline = setTimeout(() => {
        end();
        reject(new Error(`no ${what} in time; received ${names()}`));
      }, PATIENCE_MS);
      this.#waiting.add(check);
      check();
    });
  }

  names(): readonly (string | null)[] {
    return this.received.filter(({ op }) => op === GatewayOpcodes.Dispatch).map(({ t }) => t);
  }

  /** What the events of one name carry. */
  bodies(name: string): readonly EventBody[] {
    return this.received.filter(({ t }) => t === name).map(({ d }) => d);
  }

  /** The names of the events after READY and the guilds that follow it, once all have arrived. */
  async namesSinceStart(): Promise<readonly (string | null)[]> {
    await this.settled();
    const names = this.names();
    const first = names.findIndex((name) => name !== 'READY' && name !== 'GUILD_CREATE');
    return first < 0 ? [] : names.slice(first);
  }

  send(op: number, d?: unknown): void {
    this.sendText(JSON.stringify({ op, d }));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  async identify(changes: Readonly<Record<string, unknown>> = {}): Promise<ReceivedPayload> {
    this.sendIdentify(changes);
    return this.event('READY');
  }

  sendIdentify(changes: Readonly<Record<string, unknown>> = {}): void {
    const properties = { os: 'linux', browser: 'test', device: 'test' };
    this.send(GatewayOpcodes.Identify, { token: TOKEN, intents: INTENTS, properties, ...changes });
  }

  /** Everything sent before this has been handled, and its answers received. */
  async settled(): Promise<void> {
    const acks = () => this.received.filter(({ op }) => op === GatewayOpcodes.HeartbeatAck);
    const before = acks().length;
    this.send(GatewayOpcodes.Heartbeat, null);
    await this.until(() => acks().length > before, 'a heartbeat ack');
  }

  get lastSequence(): number {
    return Math.max(0, ...this.received.map(({ s }) => s ?? 0));
  }

  close(code: number): void {
    this.#socket.close(code);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

/** Connects a bot, which is cut off after the test. */
export function connectBot(url: string, query = 'v=10&encoding=json'): RawBot {
  const bot = new RawBot(`${url.replace(/^http/, 'ws')}/?${query}`);
  onTestFinished(() => bot.terminate());
  return bot;
}

/** A sandbox, and `connect` for bots that its gateway has greeted. */
export async function startGateway(options: StartOptions = {}) {
  const started = await startSandbox(options);
  const { gateway } = started.sandbox;
  const connect = async (url = started.url): Promise<RawBot> => {
    const bot = connectBot(url);
    await bot.opcode(GatewayOpcodes.Hello);
    return bot;
  };
  return { ...started, gateway, connect };
}

/** A bot in session that has received its guilds, and `resume` for its session elsewhere. */
export async function startSession(
  options: StartOptions = {},
  identify: { readonly intents?: number; readonly shard?: readonly [number, number] } = {},
) {
  const started = await startGateway(options);
  const bot = await started.connect();
  const ready = await bot.identify(identify);
  const guilds = (identify.intents ?? INTENTS) & GatewayIntentBits.Guilds ? ready.d.guilds : [];
  await bot.until(() => bot.bodies('GUILD_CREATE').length === guilds.length, 'the guilds');
  const resume = async (changes: Readonly<Record<string, unknown>> = {}): Promise<RawBot> => {
    const next = await started.connect(ready.d.resume_gateway_url);
    const { session_id } = ready.d;
    next.send(GatewayOpcodes.Resume, {
      token: TOKEN,
      session_id,
      seq: bot.lastSequence,
      ...changes,
    });
    return next;
  };
  return { ...started, bot, ready, resume };
}
