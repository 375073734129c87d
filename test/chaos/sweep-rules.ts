import { z } from 'zod';

import { patienceMs } from '../support/eventually.js';
import type { Cure } from './cures.js';
import type { Play } from './play.js';
import type { Stage } from './stage.js';

const Sweep = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.string(),
  is_dry_run: z.boolean(),
  is_decided: z.boolean(),
  held: z.number(),
  approved: z.number(),
  told: z.number(),
  marked: z.number(),
  recorded: z.number(),
});

/**
 * Checks the sweeps when all work is done. A schedule, or a gap of the gateway session, may have just
 * started one.
 */
export async function sweepFaults({ stage, sweeping }: Play): Promise<readonly string[]> {
  await sweeping.areOver(patienceMs());
  const sweeps = z.array(Sweep).parse(await stage.query(sweepsQuery(stage.told)));
  const heldKinds = sweeps.filter(({ state }) => state === 'HELD').map(({ kind }) => kind);
  return [
    ...sweeping.faults,
    ...(new Set(heldKinds).size === heldKinds.length ? [] : ['two plans of one kind are held']),
    ...sweeps.flatMap((sweep) => faultsOf(sweep).map((fault) => `sweep ${sweep.id} ${fault}`)),
  ];
}

function faultsOf(sweep: z.output<typeof Sweep>): readonly string[] {
  const { state, held, approved, told } = sweep;
  const wasHeld = state === 'HELD' || sweep.is_decided;
  return [
    ...(['WAITING', 'RUNNING'].includes(state) ? [`never leaves ${state}`] : []),
    ...(state === 'HELD' && held === 0 ? ['holds nothing'] : []),
    ...(state === 'APPROVED' && approved === 0 ? ['is carried out but still APPROVED'] : []),
    ...(state !== 'HELD' && held > 0 ? [`is ${state} and holds ${held}`] : []),
    ...(told > 1 || (wasHeld && told === 0) ? [`(${state}) was published ${told} times`] : []),
    ...(sweep.is_dry_run && sweep.marked + sweep.recorded + told > 0
      ? ['was a dry run, but marked, recorded or published something']
      : []),
  ];
}

const sweepsQuery = (told: string) => `
  select s.id, s.kind, s.state, s.is_dry_run, s.decided_at is not null as is_decided,
    (select count(*) from removal_decision d where d.sweep_id = s.id and d.verdict = 'HELD')::int as held,
    (select count(*) from removal_decision d where d.sweep_id = s.id and d.verdict = 'APPROVED')::int as approved,
    (select count(*) from ${told} o where o.type = 'discord.sweep.held.v1' and o.data ->> 'sweepId' = s.id::text)::int as told,
    (select count(*) from sweep_mark m where m.sweep_id = s.id)::int as marked,
    (select count(*) from audit_record a
      where a.causes @> jsonb_build_array(jsonb_build_object('id', s.id::text)))::int as recorded
  from sweep s order by s.id`;

const Decision = z.object({
  discord_user_id: z.string(),
  role_id: z.string(),
  verdict: z.enum(['HELD', 'APPROVED', 'REJECTED']),
});

export interface Waiting {
  /** The removal waits for a decision, or was rejected. */
  stays(discordUserId: string, roleId: string): boolean;
  isHeld(discordUserId: string): boolean;
  hasAny(discordUserId: string): boolean;
}

/** The roles that differ from the model because of a waiting or rejected removal. */
export async function readWaiting(stage: Stage): Promise<Waiting> {
  const rows = z
    .array(Decision)
    .parse(
      await stage.query(
        `select discord_user_id, role_id, verdict from removal_decision where verdict <> 'APPROVED'`,
      ),
    );
  return {
    stays: (discordUserId, roleId) =>
      rows.some((row) => row.discord_user_id === discordUserId && row.role_id === roleId),
    isHeld: (discordUserId) =>
      rows.some((row) => row.discord_user_id === discordUserId && row.verdict === 'HELD'),
    hasAny: (discordUserId) => rows.some((row) => row.discord_user_id === discordUserId),
  };
}

const Parked = z.array(z.object({ discord_user_id: z.string() }));

/**
 * Members who are parked: as far as is known their cause persists. Each is tried again after a day,
 * or when a change concerns them.
 */
export async function readParked(stage: Stage): Promise<ReadonlySet<string>> {
  const rows = Parked.parse(
    await stage.query('select discord_user_id from reconcile_job where is_parked'),
  );
  return new Set(rows.map((row) => row.discord_user_id));
}

const Run = z.object({ begun: z.number(), ended: z.number().nullable() });

/** A sweep marks drifted members, so the path may repeat calls that Discord refused before. */
export async function sweepCures(stage: Stage): Promise<readonly Cure[]> {
  const rows = z.array(Run).parse(
    await stage.query(`
      select (extract(epoch from started_at) * 1000)::float8 as begun, (extract(epoch from finished_at) * 1000)::float8 as ended
      from sweep`),
  );
  return rows.map(({ begun, ended }) => ({
    account: 'all',
    from: begun,
    until: ended ?? Date.now(),
  }));
}
