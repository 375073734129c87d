import type { DiscordAccount, TicketView } from './ports.js';

/** What the platform is told in `discordLink`, and what the page shows as its code. */
export type SignInResult =
  | 'LINKED'
  | 'SCREENING'
  | 'WAITING'
  | 'BANNED'
  | 'GUILD_FULL'
  | 'USER_GUILD_LIMIT'
  | 'JOIN_FAILED'
  | 'CLAIMED'
  | 'CANCELLED'
  | 'EXPIRED'
  | 'EMAIL_MISSING'
  | 'SCOPE_MISSING'
  | 'CLIENT_GONE'
  | 'DISCORD_FAILED'
  | 'SETUP_FAULT'
  | 'INTERNAL';

/** The rest never leaves our own pages: whose ticket it is, is not known then. */
export type EndingCode =
  | SignInResult
  | 'INCOMPLETE'
  | 'OTHER_BROWSER'
  | 'FOREIGN_ANSWER'
  | 'FOREIGN_FORM'
  | 'NO_COOKIES';

/** How a request of a person ended, for the page or for the platform. */
export interface Ending {
  readonly code: EndingCode;
  /** Only when it is this browser's. */
  readonly ticket?: TicketView;
  readonly account?: DiscordAccount;
  readonly hasOtherEmail?: boolean;
  readonly warnings?: readonly string[];
  readonly inviteUrl?: string | null;
  /** Where to begin again with the same ticket. */
  readonly retryUrl?: string | null;
}

export interface EndingText {
  readonly status: number;
  readonly tone: 'good' | 'waiting' | 'bad';
  readonly title: string;
  readonly what: string;
  readonly next: string;
}

const AGAIN =
  'Go back to the platform where you began, and start again from there.';
const OR_AGAIN =
  'go back to the platform where you began, and start again from there.';
const LINK_IS_MADE = 'Your accounts are linked';

/** In the words of those who read it. Nothing here is known to be the person's own fault, so nothing sounds like it. */
export const ENDING_TEXTS: Readonly<Record<EndingCode, EndingText>> = {
  LINKED: {
    status: 200,
    tone: 'good',
    title: 'Your Discord account is linked',
    what: 'You are in the Discord server, and your roles follow your groups from now on.',
    next: 'You can close this page and open Discord.',
  },
  SCREENING: {
    status: 200,
    tone: 'good',
    title: 'Linked: one step is left in Discord',
    what: `${LINK_IS_MADE}, and you are in the Discord server. The server asks new members to accept its rules first.`,
    next: 'Open the server in Discord and accept its rules.',
  },
  WAITING: {
    status: 200,
    tone: 'waiting',
    title: 'Linked: your roles are on their way',
    what: `${LINK_IS_MADE}. Discord is slow at the moment, so it may take some minutes until you are in the server and have your roles.`,
    next: 'There is nothing more to do. You can close this page.',
  },
  BANNED: {
    status: 200,
    tone: 'bad',
    title: 'Linked, but the server has banned you',
    what: `${LINK_IS_MADE}, but this Discord account is banned from the server, so you could not be brought in.`,
    next: "Ask the community's moderators. When they lift the ban, join the server and your roles will come.",
  },
  GUILD_FULL: {
    status: 200,
    tone: 'bad',
    title: 'Linked, but the server is full',
    what: `${LINK_IS_MADE}, but the Discord server cannot take any more members now.`,
    next: 'Tell the community. As soon as you can join the server, your roles will come.',
  },
  USER_GUILD_LIMIT: {
    status: 200,
    tone: 'bad',
    title: 'Linked, but you are in too many servers',
    what: `${LINK_IS_MADE}, but your Discord account is in as many servers as Discord allows.`,
    next: 'Leave a server that you do not need, then start again from the platform, or join by an invitation.',
  },
  JOIN_FAILED: {
    status: 200,
    tone: 'bad',
    title: 'Linked, but you are not in the server yet',
    what: `${LINK_IS_MADE}, but Discord did not let us bring you into the server.`,
    next: 'Join the server by an invitation. Your roles come as soon as you are in it.',
  },
  CLAIMED: {
    status: 409,
    tone: 'bad',
    title: 'That Discord account is claimed by another person',
    what: 'It is linked to another account of this platform. Nothing was changed.',
    next: 'Sign in to Discord with your own account and start again, or ask the community to end the other link.',
  },
  CANCELLED: {
    status: 200,
    tone: 'waiting',
    title: 'Nothing was linked',
    what: 'You have not agreed at Discord, so nothing was changed.',
    next: 'If you change your mind, you can try again.',
  },
  EXPIRED: {
    status: 410,
    tone: 'bad',
    title: 'This link works no longer',
    what: 'It works once, and for ten minutes. It was used already, or too much time has passed.',
    next: `If you have just linked your account, all is well. If not: ${OR_AGAIN}`,
  },
  EMAIL_MISSING: {
    status: 403,
    tone: 'bad',
    title: 'Your Discord account has no confirmed e-mail address',
    what: 'This community does not link guest accounts: Discord accounts that have no e-mail address, or one that was never confirmed. Nothing was linked.',
    next: 'In Discord, open User Settings, add your e-mail address and confirm it. Then start again from the platform.',
  },
  SCOPE_MISSING: {
    status: 403,
    tone: 'bad',
    title: 'Discord did not pass on all that is needed',
    what: 'To link your account we have to know who you are at Discord and to be allowed to bring you into the server. One of these was left out, so nothing was linked.',
    next: `${AGAIN} Agree to all that Discord lists.`,
  },
  CLIENT_GONE: {
    status: 410,
    tone: 'bad',
    title: 'This cannot be linked any more',
    what: 'The community, or your account at the platform, is no longer connected here. Nothing was linked.',
    next: 'Ask the community if you think this is a mistake.',
  },
  DISCORD_FAILED: {
    status: 503,
    tone: 'bad',
    title: 'Discord did not answer',
    what: 'Discord gave no usable answer, so nothing was linked. This is usually over within minutes.',
    next: AGAIN,
  },
  SETUP_FAULT: {
    status: 503,
    tone: 'bad',
    title: 'An administrator has to mend something first',
    what: 'The connection to Discord is not set up correctly, so nothing was linked. You cannot do anything about it here.',
    next: 'Tell the community that linking does not work, with the code below.',
  },
  INTERNAL: {
    status: 500,
    tone: 'bad',
    title: 'Something went wrong here',
    what: 'This is our fault, not yours, and it was written down.',
    next: `${AGAIN} If it happens again, tell the community, with the code below.`,
  },
  INCOMPLETE: {
    status: 400,
    tone: 'bad',
    title: 'This address is not complete',
    what: 'A part of the address is missing or damaged. Perhaps it was not copied as a whole.',
    next: AGAIN,
  },
  OTHER_BROWSER: {
    status: 403,
    tone: 'bad',
    title: 'This link was opened in another browser',
    what: 'Linking was begun in another browser or on another device, and can only be finished there.',
    next: `Go on where you began, or ${OR_AGAIN}`,
  },
  FOREIGN_ANSWER: {
    status: 400,
    tone: 'bad',
    title: 'This does not belong to this browser',
    what: 'The answer from Discord is not one that this browser was waiting for. If somebody sent you this address: they may have tried to link their Discord account to yours. Nothing was changed.',
    next: AGAIN,
  },
  FOREIGN_FORM: {
    status: 403,
    tone: 'bad',
    title: 'Please use the button on our own page',
    what: 'The request did not come from the page that this link opens. Nothing was changed.',
    next: 'Open the link again and use its button.',
  },
  NO_COOKIES: {
    status: 403,
    tone: 'bad',
    title: 'Your browser has to keep two cookies',
    what: 'They show that it is you who comes back from Discord, and are gone after ten minutes. Your browser did not send them.',
    next: 'Allow cookies for this site, then open the link again.',
  },
};

export function isResult(code: EndingCode): code is SignInResult {
  return !PAGE_ONLY.has(code);
}

const PAGE_ONLY: ReadonlySet<EndingCode> = new Set([
  'INCOMPLETE',
  'OTHER_BROWSER',
  'FOREIGN_ANSWER',
  'FOREIGN_FORM',
  'NO_COOKIES',
]);
