import { silentLogger, type Logger } from '../../../../services/lib/logger.js';
import type { ApiServerDeps } from '../../../../services/api/server.js';
import type { DiscordClient } from '../../../../services/api/clients/discord-client.types.js';
import { aClient, CLIENT_ID } from '../../../builders/api-views.js';
import { aSignInWorld, GOOD_CODE } from '../../../fakes/sign-in-ports.js';
import { aWorld, KEYS, startApi, type StartedApi } from '../start-api.js';
import { createBrowser, type Browser, type PageAnswer } from './browser.js';

export const PUBLIC_URL = 'http://connector.test:4000';
export const RETURN_TO = 'https://platform.example/me?tab=discord&x=a%20b#links';

export interface LogLine {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface SignInSetting extends StartedApi {
  readonly lines: LogLine[];
  newBrowser(): Browser;
  /** Everything as at the start, with a client as given. */
  reset(client?: Partial<DiscordClient>): void;
  /** Asks for an address, and gives it. */
  begin(input?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Opens the address, presses the button; gives the state that Discord would send back. */
  consent(browser: Browser, url: string): Promise<string>;
  /** Comes back from Discord, with its code unless told otherwise. */
  comeBack(browser: Browser, query: Readonly<Record<string, string>>): Promise<PageAnswer>;
  /** The whole way. */
  signIn(browser: Browser, input?: Readonly<Record<string, unknown>>): Promise<PageAnswer>;
}

export async function startSignIn(deps: Partial<ApiServerDeps> = {}): Promise<SignInSetting> {
  const lines: LogLine[] = [];
  const api = await startApi({}, { publicUrl: PUBLIC_URL, logger: collecting(lines), ...deps });
  const begin: SignInSetting['begin'] = async (input = {}) => {
    const { body } = await api.ask(BEGIN, { input: { ...alice, ...input } });
    return body.data.beginDiscordLink.url;
  };
  const consent: SignInSetting['consent'] = async (browser, url) => {
    await browser.open(url);
    const { location } = await browser.press(url);
    return new URL(location ?? '').searchParams.get('state') ?? '';
  };
  const comeBack: SignInSetting['comeBack'] = (browser, query) =>
    browser.open(`/discord/sso/callback?${new URLSearchParams(query)}`);
  return {
    ...api,
    lines,
    begin,
    consent,
    comeBack,
    newBrowser: () => createBrowser(api.url),
    reset: (client = {}) => {
      Object.assign(api.world, aWorld(), { clients: [aClient(client)] });
      Object.assign(api.world.signIn, aSignInWorld());
      for (const name of PORTS) api.fail(name, null);
      api.calls.length = 0;
      lines.length = 0;
    },
    signIn: async (browser, input) => {
      const state = await consent(browser, await begin(input));
      return comeBack(browser, { code: GOOD_CODE, state });
    },
  };
}

export const alice = { clientId: CLIENT_ID, platformUserId: 'alice' };

export const BEGIN = `mutation ($input: BeginDiscordLinkInput!) {
  beginDiscordLink(input: $input) { url expiresAt warnings } }`;

const PORTS = [
  'signIn.findTicket',
  'signIn.bindTicket',
  'signIn.takeState',
  'signIn.keepGrant',
  'signIn.discardGrant',
  'signIn.linkSignedIn',
  'signIn.awaitLinked',
  'signIn.findSignInClient',
  'oauth.exchangeCode',
  'oauth.readAccount',
  'oauth.revoke',
];

function collecting(lines: LogLine[]): Logger {
  const at =
    (level: string) =>
    (fields: Record<string, unknown>, message = '') =>
      void lines.push({ level, fields, message });
  const logger: Logger = {
    ...silentLogger,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  };
  return logger;
}

export { KEYS };
