import type { Trace } from '../lib/trace.js';
import type { Cause } from '../model.js';
import type { Job } from '../reconcile/job.js';
import type { Memory } from '../reconcile/ports.js';
import type { Reconcile } from '../reconcile/reconcile.js';
import type { Telemetry } from './telemetry.js';

export interface ObservedPath {
  /** The path's memory, with its eyes open. */
  readonly memory: Memory;
  watch(reconcile: Reconcile): Reconcile;
}

/** Observes each run through what the path stores. The path does not know about it. */
export function observePath(
  memory: Memory,
  telemetry: Pick<Telemetry, 'observed' | 'trace'> | undefined,
): ObservedPath {
  if (!telemetry) return { memory, watch: (reconcile) => reconcile };
  const { observed, trace } = telemetry;
  const outcomes = new Map<string, string>();
  const watched: Memory = {
    ...memory,
    async settle(job, settlement) {
      const asked = await memory.settle(job, settlement);
      outcomes.set(memberOf(job), settlement.outcome.toLowerCase());
      trace?.describe(settledAttributes(settlement));
      return asked;
    },
    async postpone(job, request) {
      await memory.postpone(job, request);
      outcomes.set(memberOf(job), request.isFailure ? 'failed' : 'postponed');
    },
  };
  return {
    memory: trace === null ? watched : traceMemory(watched, trace),
    watch: (reconcile) => async (job) => {
      const startedMs = performance.now();
      const run = () => reconcile(job);
      try {
        return await (trace === null ? run() : trace.run(spanOf(job), run));
      } finally {
        const { clientId } = job;
        const outcome = outcomes.get(memberOf(job)) ?? 'dropped';
        outcomes.delete(memberOf(job));
        const seconds = (performance.now() - startedMs) / 1000;
        observed.reconcile({ clientId, outcome, seconds });
      }
    },
  };
}

/** No two runs are for one member. */
function memberOf({ clientId, discordUserId }: Job): string {
  return `${clientId} ${discordUserId}`;
}

type Settled = Parameters<Memory['settle']>[1];

function settledAttributes({ outcome, reason, closes }: Settled) {
  return {
    'connector.outcome': outcome,
    ...(reason !== null && { 'connector.reason': reason }),
    ...(closes !== null && {
      'connector.audit_record.id': closes.recordId,
      'connector.roles.added': closes.added,
      'connector.roles.removed': closes.removed,
      'connector.roles.ensured': [...closes.ensured.added, ...closes.ensured.removed],
    }),
  };
}

function traceMemory(memory: Memory, trace: Trace): Memory {
  return {
    ...memory,
    async readMember(member) {
      const facts = await memory.readMember(member);
      if (facts === null) return null;
      trace.describe({ 'discord.guild.id': facts.client.guildId });
      trace.link(traceparentsOf(facts.marks?.causes ?? []));
      return facts;
    },
    async openRecord(request) {
      return trace.run({ name: 'open audit record' }, async () => {
        const opened = await memory.openRecord(request);
        if (opened.recordId !== null)
          trace.describe({ 'connector.audit_record.id': opened.recordId });
        return opened;
      });
    },
  };
}

/** Goes on from the first of its causes, and names the others. */
function spanOf(job: Job) {
  const { clientId, discordUserId, causes, lane, attempts } = job;
  const [parent = null, ...links] = traceparentsOf(causes);
  return {
    name: 'reconcile member',
    parent,
    links,
    attributes: {
      'connector.client.id': clientId,
      'discord.user.id': discordUserId,
      'connector.causes': causes.map(({ kind, id }) => `${kind} ${id}`),
      'connector.lane': lane,
      'connector.attempts': attempts,
    },
  };
}

function traceparentsOf(causes: readonly Cause[]): readonly string[] {
  const named = causes.flatMap(({ traceparent }) => traceparent ?? []);
  return [...new Set(named)];
}
