import type { Decision, OpenCall } from './api-call.js';
import {
  AUTHORIZE_PATH,
  readAuthorizeRequest,
  type AuthorizeRequest,
} from './authorize-request.js';
import { formOf } from './client-authentication.js';
import { CONSENT_HEADERS, consentPage, faultPage } from './consent-page.js';
import { hasAgreed, saveCode } from './oauth-grants.js';
import { guardPage } from './page-guard.js';
import { chosenPerson, SIGNED_IN, signedInPerson } from './people.js';
import type { OpenRoute } from './route.js';

/** The page where people give consent, and its buttons. */
export const authorizeRoutes: readonly OpenRoute[] = [
  {
    isOpen: true,
    method: 'GET',
    template: AUTHORIZE_PATH,
    decide: (call) => guarded(call, call.query, ask),
  },
  {
    isOpen: true,
    method: 'POST',
    template: AUTHORIZE_PATH,
    decide: (call) => guarded(call, formOf(call), takeAnswer),
  },
];

/**
 * One request for consent. `given` holds its fields: from the URL at first, then from the page's
 * form.
 */
type Consent = {
  readonly call: OpenCall;
  readonly given: URLSearchParams;
  readonly request: AuthorizeRequest;
};

function guarded(
  call: OpenCall,
  given: URLSearchParams,
  decide: (consent: Consent) => Decision,
): Decision {
  const refusal = guardPage(call);
  if (refusal)
    return page(refusal.status, faultPage({ title: 'Forbidden', detail: refusal.message }));
  const read = readAuthorizeRequest(call.world, given);
  if ('fault' in read) return page(400, faultPage(read.fault));
  return decide({ call, given, request: read.request });
}

function ask({ call, given, request }: Consent): Decision {
  const { world } = call;
  const person = signedInPerson(world, call.headers.cookie);
  if (request.prompt === 'none' && person) {
    const { discordUserId } = person;
    const { applicationId } = request.application;
    const { scopes } = request;
    if (hasAgreed(world, { discordUserId, applicationId, scopes }))
      return agreed({ call, given, request }, discordUserId);
  }
  return page(200, consentPage(world, { request, given, person }));
}

function takeAnswer(consent: Consent): Decision {
  const { call, given, request } = consent;
  const decision = given.get('decision');
  if (decision === 'cancel')
    return sendBack(request, {
      error: 'access_denied',
      error_description: 'The resource owner or authorization server denied the request',
    });
  const chosen = chosenPerson(call.world, given);
  if (decision !== 'authorize' || 'problem' in chosen) {
    const problem = 'problem' in chosen ? chosen.problem : 'Press Authorize or Cancel.';
    const person = signedInPerson(call.world, call.headers.cookie);
    const shown = { request, given, person, problem };
    return page(400, consentPage(call.world, shown));
  }
  return agreed(consent, chosen.discordUserId, chosen.arrive);
}

function agreed({ call, request }: Consent, discordUserId: string, arrive?: () => void): Decision {
  const { world, now } = call;
  const { application, scopes, redirectUri, codeChallenge } = request;
  const { applicationId } = application;
  const code = world.nextSecret();
  const back = sendBack(request, { code });
  return {
    ...back,
    headers: {
      ...back.headers,
      // Lax, because people arrive from the application's own site.
      'Set-Cookie': `${SIGNED_IN}=${discordUserId}; Path=/; HttpOnly; SameSite=Lax`,
    },
    change: () => {
      arrive?.();
      const said = { discordUserId, applicationId, scopes };
      const agreement = { ...said, redirectUri, codeChallenge, now };
      saveCode(world, code, agreement);
    },
  };
}

/** Redirects only to an address that the application registered; that was checked before. */
function sendBack(
  { redirectUri, state }: AuthorizeRequest,
  fields: Readonly<Record<string, string>>,
) {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  if (state !== null) url.searchParams.set('state', state);
  const headers = { Location: url.href, 'Cache-Control': 'no-store' };
  return { status: 302, headers };
}

function page(status: number, html: string): Decision {
  return { status, html, headers: CONSENT_HEADERS };
}
