import Fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';

import { beginLink } from '../../../services/api/sign-in/begin.js';
import { addSignIn } from '../../../services/api/sign-in/sign-in.js';
import { signInPorts } from '../../../services/connector/api-ports.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import { membership } from '../../builders/store-world.js';
import { createAnswerCutter, type AnswerCutter } from '../../support/answer-cutter.js';
import { eventually } from '../../support/eventually.js';
import { must } from '../../support/must.js';
import { startSignInRig, type SignInRig } from '../../support/sign-in-rig.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';
import { createBrowser, type Browser, type PageAnswer } from '../../unit/api/sign-in/browser.js';
import { loseAnswer, playWithFaults } from './play.js';
import { insist, shortTiming, withinMs, type Newcomer } from './world.js';

const { applicationId, guildId, roles } = DEMO;
const BASE = 'http://127.0.0.1:8080';

/**
 * The sign-in pages and the revocations, on connections that can lose PostgreSQL's responses. The
 * path uses a normal connection.
 */
interface SignInPages {
  readonly rig: SignInRig;
  readonly cutter: AnswerCutter;
  newcomer(): Promise<Newcomer>;
  /** Returns the address to which the platform sends the person. */
  readonly begin: (person: Newcomer) => Promise<string>;
  newBrowser(): Browser;
  stop(): Promise<void>;
}

test('a person who signs in is linked at once or on another attempt, whichever database response is lost', async () => {
  const statements = await playWithFaults({
    createWorld: createSignInPages,
    story: linkByPages,
    fault: loseAnswer,
  });

  expect(statements.length).toBeGreaterThanOrEqual(15);
});

test.each([
  ['takes the state', /update link_ticket t set attempt = /],
  ['spends the ticket', /update link_ticket t set spent_at = /],
])(
  'a person is linked at once even if the response to the statement that %s is lost',
  async (_what, words) => {
    const pages = await createSignInPages();
    onTestFinished(() => pages.stop());
    const browser = pages.newBrowser();
    await signIn(pages, browser, await pages.newcomer());
    const statement = pages.cutter.statements().find((each) => words.test(each));
    const cut = pages.cutter.cutAfter(must(statement));

    const page = await signIn(pages, browser, await pages.newcomer());

    await cut;
    expect(page.text).toMatch(LINKED);
  },
);

async function linkByPages(pages: SignInPages): Promise<void> {
  const { rig } = pages;
  const person = await pages.newcomer();
  const browser = pages.newBrowser();

  let page = await signIn(pages, browser, person);
  if (!isLinked(page)) {
    expect(page.text).toContain('start again from');
    await nothingIsLeft(rig, person);
    page = await signIn(pages, browser, person);
  }

  expect(page.text).toMatch(LINKED);
  await eventually(
    () => rig.discord.member(guildId, person.discordUserId)?.roleIds.includes(roles.pilot) ?? false,
    { withinMs: withinMs(), what: 'the person has the role' },
  );
  await nothingIsLeft(rig, person);
}

/** No grant lives and no record is open. */
async function nothingIsLeft(rig: SignInRig, { discordUserId }: Newcomer): Promise<void> {
  // Skips the times after which a sign-in is abandoned and a grant without a link is
  // revoked.
  const passTime = async () => {
    await rig.query('update link_ticket set expires_at = clock_timestamp() where spent_at is null');
    await rig.query(
      'update revocation set due_at = clock_timestamp() where claimed_by is null and due_at > clock_timestamp()',
    );
  };
  const left = async () => {
    await passTime();
    return [
      ...(await rig.query('select attempts, claimed_by from revocation')),
      ...(await rig.query('select id from discord_grant')),
      ...(await rig.query('select id from audit_record where closed_at is null')),
      ...rig.discord.oauth.liveTokens({ discordUserId }),
    ];
  };
  await eventually(async () => (await left()).length === 0, {
    withinMs: withinMs(),
    what: 'no grant lives and no record is open',
  });
}

const LINKED = /<code>(LINKED|WAITING)<\/code>/;
const isLinked = ({ text }: PageAnswer) => LINKED.test(text);

/** Signs in, and returns the last page. */
async function signIn(
  { rig, begin }: SignInPages,
  browser: Browser,
  person: Newcomer,
): Promise<PageAnswer> {
  const url = await begin(person);
  const start = await browser.open(url);
  if (start.status >= 400) return start;
  const gone = await browser.press(url);
  if (gone.location === null) return gone;
  const asked = new URL(gone.location).searchParams;
  const code = rig.discord.oauth.authorize({
    discordUserId: person.discordUserId,
    applicationId,
    scopes: asked.get('scope')?.split(' ') ?? [],
    redirectUri: asked.get('redirect_uri') ?? '',
    codeChallenge: asked.get('code_challenge'),
  });
  const answer = { code, state: asked.get('state') ?? '' };
  return browser.open(`${BASE}/discord/sso/callback?${new URLSearchParams(answer).toString()}`);
}

async function createSignInPages(): Promise<SignInPages> {
  const database = await createMigratedDatabase();
  const rig = await startSignInRig(database.url);
  const cutter = await createAnswerCutter(database.url);
  const { heartbeat } = shortTiming();
  const store = await openTestStore(cutter.url, { heartbeat });
  await rig.stopRevoking();
  await rig.startRevoking(store);
  const ports = signInPorts({ store, oauth: rig.oauth });
  const site = { base: () => BASE, returnOrigins: [] };
  const app = Fastify();
  await addSignIn(app, { ports, site, logger: silentLogger });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  let people = 0;
  return {
    rig,
    cutter,
    async newcomer() {
      people += 1;
      const platformUserId = `person-${people}`;
      const discordUserId = String(520000000000000000n + BigInt(people));
      rig.discord.moderator.addUser({
        discordUserId,
        username: platformUserId,
      });
      await rig.store.applyFacts([membership(platformUserId, 'pilots')]);
      return { platformUserId, discordUserId };
    },
    async begin({ platformUserId }) {
      const { clientId } = rig;
      const input = { clientId, platformUserId };
      const begun = await insist(() =>
        beginLink({ ports, site }, { clientId, input, now: new Date() }),
      );
      return begun.url;
    },
    newBrowser: () => createBrowser(address),
    async stop() {
      await app.close();
      await rig.stopRevoking();
      await store.stop();
      await rig.stop();
      await cutter.stop();
      await database.drop();
    },
  };
}
