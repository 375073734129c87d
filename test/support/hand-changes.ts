import { DEMO } from '../../services/demo/demo-world.js';
import { held } from './sweep-fixture.js';

interface World {
  readonly rig: () => {
    readonly clientId: string;
    readonly discord: {
      readonly moderator: Record<'giveRole' | 'takeRole', (which: ReturnType<typeof held>) => void>;
    };
  };
  readonly query: (text: string) => Promise<unknown>;
}

/**
 * Another account adds or removes a role of Alice's, and an event has shown it. `columns` are
 * further columns of the stored change, as SQL.
 */
export async function changeByHand(
  { rig, query }: World,
  change: {
    readonly roleId: string;
    readonly isGiven?: boolean;
    readonly columns?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const { roleId, isGiven = false, columns = {} } = change;
  const { clientId, discord } = rig();
  discord.moderator[isGiven ? 'giveRole' : 'takeRole'](held('alice', roleId));
  const names = Object.keys(columns).map((name) => `, ${name}`);
  const values = Object.values(columns).map((value) => `, ${value}`);
  await query(`
    update member set role_ids = ${isGiven ? 'array_append' : 'array_remove'}(role_ids, '${roleId}')
    where discord_user_id = '${DEMO.accounts.alice}'`);
  await query(`
    insert into hand_change (client_id, discord_user_id, role_id, is_given, changed_at, by_discord_user_id, by_name${names.join('')})
    values ('${clientId}', '${DEMO.accounts.alice}', '${roleId}', ${isGiven}, '2026-11-30 14:03:12Z', '200000000000000001', 'Mallory'${values.join('')})`);
}
