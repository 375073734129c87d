import type { ApplicationReading } from '../rest/bot-readings.js';
import { failed, ok, unanswered, warning, type CheckedRead, type Check } from './check.js';

/** Checks which application the token belongs to, and how that application is set up. */
export function applicationChecks(
  asked: CheckedRead<ApplicationReading>,
  applicationId: string,
  callbackUrl: string | null,
): readonly Check[] {
  const name = 'application';
  const remedy = 'Use the bot token and the CLIENT ID of the same application.';
  if (!asked.isAnswered) return [unanswered(name, asked.error, remedy)];
  const { value: application } = asked;
  const intent = intentCheck(application);
  if (application.applicationId !== applicationId) {
    const message = `The token belongs to application ${application.applicationId}, but the client is set up for application ${applicationId}.`;
    // The redirects of a different application are irrelevant.
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
    'The bot may not list members, so drift is found one member at a time.',
    "Turn on SERVER MEMBERS INTENT on the application's Bot page.",
  );
}

/** Discord compares redirect addresses character by character. */
function callbackCheck({ redirectUris }: ApplicationReading, callbackUrl: string): Check {
  const name = 'callback address';
  if (redirectUris === null) {
    return warning(
      name,
      'Discord does not show which redirect addresses the application has.',
      `Check that ${callbackUrl} is listed under Redirects on the application's OAuth2 page.`,
    );
  }
  if (redirectUris.includes(callbackUrl)) {
    return ok(name, `The application lists ${callbackUrl} under Redirects.`);
  }
  return failed(
    name,
    `The application does not list the callback address ${callbackUrl}, so people cannot link an account by signing in.`,
    `Add ${callbackUrl}, exactly as written, to Redirects on the application's OAuth2 page.`,
  );
}
