import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause, mapGroup, membership, nextOrder, snapshotOf } from '../builders/store-world.js';
import { addCrowd, CROWD, say, theHeldSweep } from '../support/crowd-fixture.js';
import { eventually } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';
import { openApiOn, type RealApi } from './api/api-world.js';

const { roles, guildId, accounts } = DEMO;
const PILOT = `role Pilot (${roles.pilot})`;
const DIRECTOR = `role Director (${roles.director})`;
const PILOTS = 'group The pilots (pilots)';
const DIRECTORS = 'group The directors (directors)';

/** A role, group, member, account or client that is named by its id alone. */
const BARE =
  /\b(?:role|group|member|account|client) (?:\d{15,20}|[0-9a-f]{8}-[0-9a-f-]{27}|pilots|directors)\b/;

const path = usePath();
const rig = () => path.rig();

let sql: pg.Client;
let api: Pick<RealApi, 'ask'>;
beforeEach(async () => {
  sql = new pg.Client({ connectionString: path.databaseUrl() });
  await sql.connect();
  api = await openApiOn(rig().store);
  await rig().store.applyFacts(
    (['pilots', 'directors'] as const).map((groupId) => ({
      kind: 'groupChanged' as const,
      groupId,
      name: `The ${groupId}`,
      order: nextOrder(),
      cause,
    })),
  );
});
afterEach(async () => sql.end());

/** Every reason that the database stores for people to read. */
async function reasons(): Promise<readonly string[]> {
  const { rows } = await sql.query<{ reason: string }>(`
    select reason from member where reason is not null
    union select reason from sweep where reason is not null
    union select reason from removal_decision
    union select reason from audit_record where reason is not null
    union select trouble from client where trouble is not null`);
  return rows.map((row) => row.reason);
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'not refused',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  );
}

const mapping = (index: number) => path.mappingIds()[index] ?? '';

describe('the reason of a run', () => {
  test('names the role that is not below the bot', async () => {
    await path.link('alice');
    rig().discord.moderator.moveRole({
      guildId,
      roleId: roles.director,
      position: 6,
    });
    await rig().importRoles();

    await rig().store.applyFacts([snapshotOf('alice', ['pilots', 'directors'])]);
    await rig().quiet();

    const known = await reasons();
    expect(known).toContain(`${DIRECTOR} is not below the bot`);
    expect(known.filter((reason) => BARE.test(reason))).toEqual([]);
  });

  test('names the role and the member of a call that Discord refused', async () => {
    await path.link('alice');
    await rig().store.applyFacts([snapshotOf('alice', [])]);
    await rig().quiet();
    rig().discord.faults.plant({
      effect: { kind: 'status', status: 400, code: 0 },
      route: '/guilds/{guild_id}/members/{user_id}/roles/{role_id}',
      times: null,
    });

    await rig().store.applyFacts([membership('alice', 'directors')]);
    await eventually(async () => (await reasons()).some((reason) => reason.includes(DIRECTOR)));

    const known = await reasons();
    expect(known.join()).toContain(`member alice (${accounts.alice})`);
    expect(known.filter((reason) => BARE.test(reason))).toEqual([]);
  });
});

describe('a held plan', () => {
  test('names groups and roles, and shows when it was held', async () => {
    await addCrowd(rig());
    await say(rig(), CROWD, 'removed');

    const sweep = await theHeldSweep(rig());

    expect(sweep.reason).toMatch(/^removal guard: .*, held at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    expect(sweep.plan.members[0]?.reason).toContain(`, ${PILOTS})`);
    expect((await reasons()).filter((reason) => BARE.test(reason))).toEqual([]);
  });
});

describe('an error', () => {
  test('names the group and the role of an existing mapping', async () => {
    const again = mapGroup(rig().store.mappings, {
      clientId: rig().clientId,
      groupId: 'pilots',
      roleId: roles.pilot,
    });

    expect(await refusalOf(again)).toContain(`${PILOTS} is already mapped to ${PILOT}`);
  });

  test('names the groups and roles of conflicting mappings', async () => {
    const { mappings } = rig().store;
    await mappings.updateMapping({
      id: mapping(0),
      authority: 'DISCORD',
      cause,
    });
    const { clientId } = rig();

    const ofRole = await refusalOf(
      mapGroup(mappings, { clientId, groupId: 'directors', roleId: roles.pilot }),
    );
    const ofGroup = await refusalOf(
      mapGroup(mappings, { clientId, groupId: 'pilots', roleId: roles.recruit }),
    );

    expect(ofRole).toMatch(
      new RegExp(
        `^role Pilot \\(${roles.pilot}\\) .*group The directors \\(directors\\).*group The pilots \\(pilots\\)`,
      ),
    );
    expect(ofGroup).toContain(
      `${PILOTS} is also mapped to ${PILOT} of client Test community (${clientId})`,
    );
  });

  test('names the mapping that cannot be retired as requested', async () => {
    const { mappings } = rig().store;
    const id = mapping(1);
    await mappings.updateMapping({ id, authority: 'OBSERVE', cause });

    const retired = mappings.retireMapping({
      id,
      holders: 'TAKE_BACK',
      dryRun: true,
      cause,
    });

    expect(await refusalOf(retired)).toContain(
      `the mapping of ${DIRECTORS} to ${DIRECTOR} has authority OBSERVE`,
    );
  });

  test('names the user and the account of conflicting links', async () => {
    await path.link('alice');
    await path.link('bob');
    await rig().store.applyFacts([
      {
        kind: 'userChanged',
        platformUserId: 'alice',
        username: 'Alice A',
        attributes: {},
        order: nextOrder(),
        cause,
      },
      snapshotOf('alice', []),
    ]);
    await rig().quiet();

    const verdicts = await rig().store.links.importMembers({
      clientId: rig().clientId,
      users: [
        { platformUserId: 'alice', discordUserId: accounts.carol },
        { platformUserId: 'carol', discordUserId: accounts.alice },
      ],
      dryRun: true,
      cause,
    });

    expect(verdicts.map(({ message }) => message)).toEqual([
      `platform user Alice A (alice) is already linked to account alice (${accounts.alice})`,
      `Discord account alice (${accounts.alice}) is already linked to another user`,
    ]);
  });

  test('names the group if an earlier fact outranks the sent one', async () => {
    const told = async (change: string, sequence: number) => {
      const { recordMembershipChanges } = await api.ask(
        `mutation ($sequence: Sequence, $change: MembershipChangeKind!) {
          recordMembershipChanges(input: { changes: [{ platformUserId: "alice", groupId: "pilots", change: $change, sequence: $sequence }] }) {
            results { error { message } } } }`,
        { change, sequence },
      );
      return JSON.stringify(recordMembershipChanges);
    };
    await told('ADDED', 10);

    expect(await told('REMOVED', 9)).toContain(`The user was added to ${PILOTS} by a fact`);
  });
});
