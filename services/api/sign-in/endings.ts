import type { DiscordAccount, TicketView } from './ports.js';

/** The result of a sign-in request, for our result page or the redirect to the platform. */
export interface SignInOutcome {
  readonly code: EndingCode;
  /** Set only if the ticket is not bound to another browser. */
  readonly ticket?: TicketView;
  readonly account?: DiscordAccount;
  readonly hasOtherEmail?: boolean;
  readonly warnings?: readonly string[];
  readonly inviteUrl?: string | null;
  /** URL at which the person can start again with the same ticket. */
  readonly retryUrl?: string | null;
}

interface EndingText {
  readonly status: number;
  readonly tone: 'good' | 'waiting' | 'bad';
  readonly title: string;
  readonly what: string;
  readonly next: string;
}

const AGAIN = 'Go back to the platform and start again from there.';
const OR_AGAIN = 'go back to the platform and start again from there.';
const LINK_IS_MADE = 'Your accounts are linked';

/**
 * Texts for the person who signs in. They assign no blame, because no result proves that the person
 * made a mistake.
 */
const RESULT_TEXTS = {
  LINKED: {
    status: 200,
    tone: 'good',
    title: 'Your Discord account is linked',
    what: 'You are in the Discord server. From now on your roles follow your groups.',
    next: 'You can close this page and open Discord.',
  },
  SCREENING: {
    status: 200,
    tone: 'good',
    title: 'Linked: one step left in Discord',
    what: `${LINK_IS_MADE}, and you are in the Discord server. The server asks new members to accept its rules first.`,
    next: 'Open the server in Discord and accept its rules.',
  },
  WAITING: {
    status: 200,
    tone: 'waiting',
    title: 'Linked: your roles are on the way',
    what: `${LINK_IS_MADE}. Discord is slow at the moment, so it may take a few minutes until you join the server and get your roles.`,
    next: 'There is nothing else to do. You can close this page.',
  },
  BANNED: {
    status: 200,
    tone: 'bad',
    title: 'Linked, but you are banned from the server',
    what: `${LINK_IS_MADE}, but this Discord account is banned from the server, so we could not add you.`,
    next: "Contact the community's moderators. Once they lift the ban, join the server and you will get your roles.",
  },
  GUILD_FULL: {
    status: 200,
    tone: 'bad',
    title: 'Linked, but the server is full',
    what: `${LINK_IS_MADE}, but the Discord server cannot take any more members at the moment.`,
    next: 'Let the community know. Once you can join the server, you will get your roles.',
  },
  USER_GUILD_LIMIT: {
    status: 200,
    tone: 'bad',
    title: 'Linked, but you are in too many servers',
    what: `${LINK_IS_MADE}, but your Discord account has reached Discord's limit of servers.`,
    next: 'Leave a server you no longer need, then start again from the platform or join with an invite.',
  },
  JOIN_FAILED: {
    status: 200,
    tone: 'bad',
    title: 'Linked, but you are not in the server yet',
    what: `${LINK_IS_MADE}, but Discord did not let us add you to the server.`,
    next: 'Join the server with an invite. You will get your roles as soon as you are in.',
  },
  CLAIMED: {
    status: 409,
    tone: 'bad',
    title: 'This Discord account is already linked to someone else',
    what: 'It is linked to another account on this platform. Nothing was changed.',
    next: 'Sign in to Discord with your own account and start again, or ask the community to remove the other link.',
  },
  CANCELLED: {
    status: 200,
    tone: 'waiting',
    title: 'Nothing was linked',
    what: 'You cancelled on Discord. Nothing was changed.',
    next: 'If you change your mind, you can try again.',
  },
  EXPIRED: {
    status: 410,
    tone: 'bad',
    title: 'This link has expired',
    what: 'A link works once and for ten minutes. This one was already used, or the ten minutes have passed.',
    next: `If you have just linked your account, everything is fine. If not, ${OR_AGAIN}`,
  },
  EMAIL_MISSING: {
    status: 403,
    tone: 'bad',
    title: 'Your Discord account has no verified e-mail address',
    what: 'This community does not link guest accounts (Discord accounts without a verified e-mail address). Nothing was linked.',
    next: 'In Discord, open User Settings, add your e-mail address and verify it. Then start again from the platform.',
  },
  BOT_ACCOUNT: {
    status: 403,
    tone: 'bad',
    title: 'That Discord account is a bot',
    what: 'Only the accounts of people can be linked. Nothing was linked.',
    next: 'Sign in to Discord with your own account, then start again from the platform.',
  },
  SCOPE_MISSING: {
    status: 403,
    tone: 'bad',
    title: 'Discord did not grant everything we need',
    what: 'To link your account we need to see your Discord account and to add you to the server. One of these permissions was missing, so nothing was linked.',
    next: `${AGAIN} Allow everything that Discord lists.`,
  },
  CLIENT_GONE: {
    status: 410,
    tone: 'bad',
    title: 'This account can no longer be linked',
    what: 'The community, or your account on the platform, is no longer connected here. Nothing was linked.',
    next: 'If you think this is a mistake, ask the community.',
  },
  DISCORD_FAILED: {
    status: 503,
    tone: 'bad',
    title: 'Discord did not respond',
    what: 'Discord did not respond properly, so nothing was linked. This is usually over within minutes.',
    next: AGAIN,
  },
  SETUP_FAULT: {
    status: 503,
    tone: 'bad',
    title: 'An administrator needs to fix something first',
    what: 'The connection to Discord is not set up correctly, so nothing was linked. You cannot fix this yourself.',
    next: 'Tell the community that linking does not work and send them the code below.',
  },
  INTERNAL: {
    status: 500,
    tone: 'bad',
    title: 'Something went wrong here',
    what: 'This is our fault, not yours. The error was logged.',
    next: `${AGAIN} If it happens again, tell the community and send them the code below.`,
  },
} satisfies Readonly<Record<string, EndingText>>;

/**
 * Results that are shown on our own pages only. They are never sent to the platform, because
 * nothing proves that this person owns the ticket.
 */
const PAGE_TEXTS = {
  INCOMPLETE: {
    status: 400,
    tone: 'bad',
    title: 'This address is incomplete',
    what: 'Part of the address is missing or damaged. It may not have been copied completely.',
    next: AGAIN,
  },
  OTHER_BROWSER: {
    status: 403,
    tone: 'bad',
    title: 'This link was opened in another browser',
    what: 'You started linking in another browser or on another device, and can only finish there.',
    next: `Continue where you started, or ${OR_AGAIN}`,
  },
  FOREIGN_ANSWER: {
    status: 400,
    tone: 'bad',
    title: 'This sign-in was started in a different browser',
    what: 'This browser was not waiting for a reply from Discord. If someone sent you this address, they may have tried to link their Discord account to yours. Nothing was changed.',
    next: AGAIN,
  },
  FOREIGN_FORM: {
    status: 403,
    tone: 'bad',
    title: 'Please use the button on our page',
    what: 'The request did not come from the page behind this link. Nothing was changed.',
    next: 'Open the link again and use its button.',
  },
  NO_COOKIES: {
    status: 403,
    tone: 'bad',
    title: 'Please allow cookies and try again',
    what: 'Two cookies show that the person coming back from Discord is you. They expire after ten minutes. Your browser did not send them.',
    next: 'Allow cookies for this site, then open the link again.',
  },
} satisfies Readonly<Record<string, EndingText>>;

/** The value of `discordLink` sent to the platform, and the code on the page. */
export type SignInResult = keyof typeof RESULT_TEXTS;

export type EndingCode = SignInResult | keyof typeof PAGE_TEXTS;

export const ENDING_TEXTS: Readonly<Record<EndingCode, EndingText>> = {
  ...RESULT_TEXTS,
  ...PAGE_TEXTS,
};

export const isResult = (code: EndingCode): code is SignInResult => code in RESULT_TEXTS;
