import { createHash } from 'node:crypto';

import {
  AUTHORIZE_FIELDS,
  AUTHORIZE_PATH,
  type AuthorizeFault,
  type AuthorizeRequest,
} from './authorize-request.js';
import { CONSENT_STYLE } from './consent-style.js';
import type { LiveUser, LiveWorld } from './live-world.js';
import { NEW_PERSON, peopleOf } from './people.js';
import { SCOPES } from './scopes.js';

// The list offers at most this many people: the one who signed in last, then the first of the
// world.
const SHOWN_PEOPLE = 200;

/**
 * The page where people say who they are (the sandbox has no passwords) and agree or cancel. Works
 * without scripts.
 */
export function consentPage(
  world: LiveWorld,
  what: {
    readonly request: AuthorizeRequest;
    readonly given: URLSearchParams;
    readonly person: LiveUser | undefined;
    readonly problem?: string;
  },
): string {
  const { request, given } = what;
  const name = escaped(request.application.name);
  const initial = escaped(request.application.name.slice(0, 1).toUpperCase());
  return wholePage(
    `Authorize ${name}`,
    `<section aria-labelledby="title">
  <div class="asks"><span class="avatar" aria-hidden="true">${initial}</span>
  <h2 id="title"><strong id="application">${name}</strong> wants to access your account</h2></div>
  <form id="consent" class="consent" method="post" action="${AUTHORIZE_PATH}">
  ${hiddenFields(given)}
  <fieldset id="people"><legend>Signed in as</legend>
  ${choices(world, what)}
  </fieldset>
  <h3 id="scopes-title">This will allow ${name} to</h3>
  <ul id="scopes" class="scopes" aria-labelledby="scopes-title">${scopeItems(request.scopes)}</ul>
  <p class="where">You will then return to <span id="destination">${escaped(destinationOf(request.redirectUri))}</span></p>
  <p id="problem" class="problem" role="alert">${escaped(what.problem ?? '')}</p>
  <div class="actions">
  <button id="authorize" name="decision" value="authorize">Authorize</button>
  <button id="cancel" name="decision" value="cancel" class="plain" formnovalidate>Cancel</button>
  </div>
  </form>
</section>`,
  );
}

/** Shows what is wrong in Discord's own words, without a way to continue. */
export function faultPage({ title, detail }: AuthorizeFault): string {
  return wholePage(
    escaped(title),
    `<section aria-labelledby="error">
  <h2 id="error" role="alert">${escaped(title)}</h2>
  <p id="error-detail" class="where">${escaped(detail)}</p>
</section>`,
  );
}

function hiddenFields(given: URLSearchParams): string {
  return AUTHORIZE_FIELDS.flatMap((name) => {
    const value = given.get(name);
    return value === null ? [] : [`<input type="hidden" name="${name}" value="${escaped(value)}">`];
  }).join('\n  ');
}

function choices(
  world: LiveWorld,
  what: {
    readonly given: URLSearchParams;
    readonly person: LiveUser | undefined;
  },
): string {
  const all = peopleOf(world);
  const known = all.find(({ discordUserId }) => discordUserId === what.given.get('person'));
  const isNew = what.given.get('person') === NEW_PERSON || all.length === 0;
  const signedIn = known ?? what.person ?? all[0];
  const shown = [...(signedIn ? [signedIn] : []), ...all.filter((user) => user !== signedIn)].slice(
    0,
    SHOWN_PEOPLE,
  );
  const people = shown.map((user) => choice(user, !isNew && user === signedIn));
  const field = (name: string) => escaped(what.given.get(name) ?? '');
  return `<div class="people">
  ${people.join('\n  ')}
  </div>
  <label class="person" for="person-new"><input type="radio" id="person-new" name="person" value="${NEW_PERSON}"${isNew ? ' checked' : ''}><span class="name">A new person</span></label>
  <div class="newcomer">
  <label for="new-name">Name <input id="new-name" name="name" maxlength="32" autocomplete="off" value="${field('name')}"></label>
  <label for="new-email">Email (optional) <input id="new-email" name="email" autocomplete="off" value="${field('email')}"></label>
  </div>`;
}

function choice(user: LiveUser, isChecked: boolean): string {
  const id = `person-${user.discordUserId}`;
  return `<label class="person" for="${id}"><input type="radio" id="${id}" name="person" value="${user.discordUserId}"${isChecked ? ' checked' : ''}><span class="name">${escaped(user.globalName ?? user.username)}</span><span class="handle">@${escaped(user.username)}</span><span class="handle push">${escaped(user.email ?? 'no email')}</span></label>`;
}

function scopeItems(scopes: readonly string[]): string {
  return scopes
    .map((scope) => `<li data-scope="${escaped(scope)}">${escaped(SCOPES[scope] ?? scope)}</li>`)
    .join('');
}

/** A redirect URI with an app's custom scheme has no origin, so the whole URI is shown. */
function destinationOf(redirectUri: string): string {
  const { origin } = new URL(redirectUri);
  return origin === 'null' ? redirectUri : origin;
}

function wholePage(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} | Sandbox Discord</title>
<style>${CONSENT_STYLE}</style>
</head>
<body>
<header>
  <h1><span class="logo" aria-hidden="true"></span>Sandbox Discord</h1>
  <p id="sandbox" class="claim">This is a sandbox: a pretend Discord on this machine. Nothing here reaches discord.com.</p>
</header>
<main class="card">
${content}
</main>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

const styleHash = createHash('sha256').update(CONSENT_STYLE).digest('base64');

/**
 * There is no `form-action`: browsers apply it to every later redirect too, and the sandbox does
 * not know where an application sends people after its callback. The referrer is sent to this page
 * only; without it the form's origin would be "null".
 */
export const CONSENT_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
} as const;
