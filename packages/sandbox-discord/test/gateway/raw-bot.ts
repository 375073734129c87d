import { GatewayIntentBits, GatewayOpcodes } from 'discord-api-types/v10';
import { afterEach } from 'vitest';
import { WebSocket } from 'ws';

import { TOKEN } from '../small-world.js';

export const INTENTS =
  GatewayIntentBits.Guilds | GatewayIntentBits.GuildMembers | GatewayIntentBits.GuildModeration;

export interface ReceivedPayload {
  readonly op: GatewayOpcodes;
  readonly t: string | null;
  readonly s: number | null;
  readonly d: EventBody;
}

/** Fields of all events: which of them one has, is the tests' business. */
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

/** Connects bots, which are cut off after the test. */
export function rawBots() {
  const bots: RawBot[] = [];
  afterEach(() => {
    for (const bot of bots.splice(0)) bot.terminate();
  });
  return (url: string, query = 'v=10&encoding=json'): RawBot => {
    const bot = new RawBot(`${url.replace(/^http/, 'ws')}/?${query}`);
    bots.push(bot);
    return bot;
  };
}
