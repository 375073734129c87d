import type { ApplicationReading } from '../bot-readings.js';
import {
  failed,
  ok,
  unanswered,
  warning,
  type Asked,
  type Check,
} from './check.js';

/** Whose token it is, and what that application may and knows. */
export function applicationChecks(
  asked: Asked<ApplicationReading>,
  applicationId: string,
  callbackUrl: string | null,
): readonly Check[] {
  const name = 'application';
  const remedy = 'Use the bot token and the CLIENT ID of one application.';
  if (!asked.isAnswered) return [unanswered(name, asked.error, remedy)];
  const { value: application } = asked;
  const intent = intentCheck(application);
  if (application.applicationId !== applicationId) {
    const message = `The token belongs to application ${application.applicationId}, but the client names application ${applicationId}.`;
    // What the other application has registered says nothing.
    return [failed(name, message, remedy), intent];
  }
  const message = `The token belongs to application ${applicationId} (${application.name}).`;
  return [
    ok(name, message),
    intent,
    ...(callbackUrl === null ? [] : [callbackCheck(application, callbackUrl)]),
  ];
}

function intentCheck({ hasMembersIntent }: ApplicationReading): Check {
  const name = 'server members intent';
  if (hasMembersIntent) return ok(name, 'The bot may list members.');
  return warning(
    name,
    'The bot may not list members, so drift can only be found one member at a time.',
    'Switch on SERVER MEMBERS INTENT on the Bot page of the application.',
  );
}

/** Discord compares letter by letter. */
function callbackCheck(
  { redirectUris }: ApplicationReading,
  callbackUrl: string,
): Check {
  const name = 'callback address';
  if (redirectUris === null) {
    return warning(
      name,
      'Discord does not show which callback addresses the application has.',
      `See that ${callbackUrl} is among the Redirects on the OAuth2 page of the application.`,
    );
  }
  if (redirectUris.includes(callbackUrl)) {
    return ok(name, `The application has ${callbackUrl}.`);
  }
  return failed(
    name,
    `The application does not have the callback address ${callbackUrl}, so nobody can link an account by signing in.`,
    `Add ${callbackUrl}, letter by letter, to the Redirects on the OAuth2 page of the application.`,
  );
}
