import { randomUUID } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { cause, nextOrder } from '../../builders/store-world.js';
import { useSignIn } from '../../support/sign-in-fixture.js';

const guild = useSignIn();
const tickets = () => guild.rig().store.signIn.tickets;
const VERIFIER = 'the-verifier-that-nobody-may-read-in-the-database';

async function openTicket(
  given: Partial<Parameters<ReturnType<typeof tickets>['openTicket']>[0]> = {},
): Promise<string> {
  const ticketHash = randomUUID();
  await tickets().openTicket({
    ticketHash,
    clientId: guild.rig().clientId,
    platformUserId: 'erin',
    email: 'erin@example.org',
    returnTo: 'https://example.org/back',
    expiresAt: new Date(Date.now() + 600_000),
    ...given,
  });
  return ticketHash;
}

const takeState = (stateHash: string, attempt: string = randomUUID()) =>
  tickets().takeState(stateHash, attempt);

const spendTicket = (ticketHash: string, attempt: string = randomUUID()) =>
  tickets().spendTicket(ticketHash, attempt);

const bind = (ticketHash: string, browserHash: string, stateHash: string) =>
  tickets().bindTicket(ticketHash, {
    browserHash,
    stateHash,
    codeVerifier: VERIFIER,
  });

describe('a ticket', () => {
  test('is found unchanged, with the names that its page shows', async () => {
    const { store, clientId } = guild.rig();
    await store.applyFacts([
      {
        kind: 'userChanged',
        platformUserId: 'erin',
        username: 'Erin Solo',
        order: nextOrder(),
        cause,
      },
    ]);
    const expiresAt = new Date(Date.now() + 600_000);

    const ticketHash = await openTicket({ expiresAt });

    expect(await tickets().findTicket(ticketHash)).toEqual({
      ticketHash,
      clientId,
      platformUserId: 'erin',
      email: 'erin@example.org',
      returnTo: 'https://example.org/back',
      expiresAt,
      platformUsername: 'Erin Solo',
      clientName: 'Test community',
      browserHash: null,
    });
    expect(await tickets().findTicket('another')).toBeNull();
  });

  test('cannot be used after it has expired', async () => {
    const ticketHash = await openTicket();
    await bind(ticketHash, 'browser', 'state');
    await guild.rig().query('update link_ticket set expires_at = now()');

    expect(await tickets().findTicket(ticketHash)).toBeNull();
    expect(await bind(ticketHash, 'browser', 'state-2')).toBe('GONE');
    expect(await takeState('state')).toBeNull();
    expect(await spendTicket(ticketHash)).toBe(false);
  });

  test('can be spent only once, and cannot be used afterwards', async () => {
    const ticketHash = await openTicket();
    await bind(ticketHash, 'browser', 'state');

    const spent = await Promise.all([spendTicket(ticketHash), spendTicket(ticketHash)]);

    expect(spent.toSorted()).toEqual([false, true]);
    expect(await tickets().findTicket(ticketHash)).toBeNull();
    expect(await bind(ticketHash, 'browser', 'state-2')).toBe('GONE');
    expect(await takeState('state')).toBeNull();
  });

  test('can be spent again only by the attempt that spent it, whose response may have been lost', async () => {
    const ticketHash = await openTicket();
    await bind(ticketHash, 'browser', 'state');
    await takeState('state', 'first');

    expect(await spendTicket(ticketHash, 'first')).toBe(true);
    expect(await spendTicket(ticketHash, 'second')).toBe(false);
    expect(await spendTicket(ticketHash, 'first')).toBe(true);
    expect(await guild.rig().query('select state_hash, code_verifier from link_ticket')).toEqual([
      { state_hash: null, code_verifier: null },
    ]);
  });

  test('belongs to the first browser that continues, and to no other', async () => {
    const ticketHash = await openTicket();

    expect(await bind(ticketHash, 'first', 'state-1')).toBe('BOUND');
    expect(await bind(ticketHash, 'second', 'state-2')).toBe('OTHER_BROWSER');

    expect(await takeState('state-2')).toBeNull();
    expect(await takeState('state-1')).toMatchObject({
      browserHash: 'first',
      codeVerifier: VERIFIER,
    });
    expect(await tickets().findTicket(ticketHash)).toMatchObject({
      browserHash: 'first',
    });
  });

  test('is bound to only one of two browsers that continue at the same time', async () => {
    const ticketHash = await openTicket();

    const bound = await Promise.all([
      bind(ticketHash, 'first', 'state-1'),
      bind(ticketHash, 'second', 'state-2'),
    ]);

    expect(bound.toSorted()).toEqual(['BOUND', 'OTHER_BROWSER']);
    const winner = bound[0] === 'BOUND' ? 'first' : 'second';
    const taken = [await takeState('state-1'), await takeState('state-2')].filter(
      (state) => state !== null,
    );
    expect(taken).toMatchObject([{ browserHash: winner }]);
  });

  test('contains neither a verifier nor an e-mail address in plain text', async () => {
    const email = 'erin.solo@mail.example';
    const ticketHash = await openTicket({ email });
    await bind(ticketHash, 'browser', 'state');

    const rows = await guild.rig().query('select t::text as row from link_ticket t');

    expect(JSON.stringify(rows)).toContain('example.org');
    expect(JSON.stringify(rows)).not.toContain(VERIFIER);
    expect(JSON.stringify(rows)).not.toContain('mail.example');
    expect(await takeState('state')).toMatchObject({ email });
  });

  test('contains no e-mail address once it is spent', async () => {
    const ticketHash = await openTicket();

    await spendTicket(ticketHash);

    expect(
      await guild
        .rig()
        .query(`select email, email_cipher from link_ticket where ticket_hash = '${ticketHash}'`),
    ).toEqual([{ email: null, email_cipher: null }]);
  });

  test('has a null e-mail address if it was created without one', async () => {
    const ticketHash = await openTicket({ email: null });

    expect(await tickets().findTicket(ticketHash)).toMatchObject({
      email: null,
    });
  });
});

describe('a state', () => {
  test('works once, even if it is sent several times at the same time', async () => {
    const ticketHash = await openTicket();
    await bind(ticketHash, 'browser', 'state');

    const taken = await Promise.all(Array.from({ length: 8 }, () => takeState('state')));

    expect(taken.filter((state) => state !== null)).toMatchObject([
      { ticketHash, stateHash: 'state', browserHash: 'browser' },
    ]);
    expect(await tickets().findTicket(ticketHash)).not.toBeNull();
  });

  test('can be taken again only by the attempt that took it, whose response may have been lost', async () => {
    const ticketHash = await openTicket();
    await bind(ticketHash, 'browser', 'state');
    const first = await takeState('state', 'first');

    expect(first).toMatchObject({ codeVerifier: VERIFIER });
    expect(await takeState('state', 'second')).toBeNull();
    expect(await takeState('state', 'first')).toEqual(first);
  });

  test('is invalid once the same browser has started again', async () => {
    const ticketHash = await openTicket();
    await bind(ticketHash, 'browser', 'state-1');
    await bind(ticketHash, 'browser', 'state-2');

    expect(await takeState('state-1')).toBeNull();
    expect(await takeState('state-2')).not.toBeNull();
  });

  test('can be followed by a new one after use, because the ticket is not spent', async () => {
    const ticketHash = await openTicket();
    await bind(ticketHash, 'browser', 'state-1');
    await takeState('state-1');

    expect(await bind(ticketHash, 'browser', 'state-2')).toBe('BOUND');
    expect(await takeState('state-2')).not.toBeNull();
  });
});

describe('the ticket of a deleted client', () => {
  test.each(['LEAVE', 'TAKE_BACK'] as const)('cannot be used (%s)', async (holders) => {
    const { store, clientId } = guild.rig();
    await guild.signIn('alice');
    guild.hold('memory.readMember:before');
    const ticketHash = await openTicket();
    await bind(ticketHash, 'browser', 'state');

    await store.clients.deleteClient({
      id: clientId,
      holders,
      dryRun: false,
      cause,
    });

    expect(await tickets().findTicket(ticketHash)).toBeNull();
    expect(await bind(ticketHash, 'browser', 'state-2')).toBe('GONE');
    expect(await takeState('state')).toBeNull();
    expect(await takeState('state-2')).toBeNull();
    await expect(openTicket()).rejects.toMatchObject({
      code: holders === 'LEAVE' ? 'NOT_FOUND' : 'FAILED_PRECONDITION',
    });
  });
});

test('no ticket is created for a user that the platform has deleted', async () => {
  await guild.rig().store.applyFacts([
    {
      kind: 'userDeleted',
      platformUserId: 'erin',
      order: nextOrder(),
      cause,
    },
  ]);

  await expect(openTicket()).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
  });
});

test('creating a ticket deletes tickets that expired more than an hour ago', async () => {
  const { query } = guild.rig();
  await openTicket();
  await query(`update link_ticket set expires_at = now() - interval '61 minutes'`);
  await openTicket();
  await query(`update link_ticket set expires_at = now() - interval '59 minutes'`);

  await openTicket();

  expect(await query('select from link_ticket')).toHaveLength(2);
});
