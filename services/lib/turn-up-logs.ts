import type { TunableLogger } from './logger.js';

/** Long enough to look at something, and short enough to be forgotten without harm. */
const TURNED_UP_MS = 15 * 60_000;

/**
 * `kill -USR2` logs everything for a quarter of an hour; a second signal restores the level.
 * Sending signals takes administrator rights, and every process supports this, whatever its parts.
 */
export function turnUpOnSignal(
  logger: TunableLogger,
  listen: (onSignal: () => void) => void,
  turnedUpMs = TURNED_UP_MS,
): void {
  const usual = logger.level;
  let timer: NodeJS.Timeout | null = null;
  const turnDown = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    logger.info({ level: usual }, 'log level restored');
    logger.level = usual;
  };
  listen(() => {
    if (timer !== null) return turnDown();
    timer = setTimeout(turnDown, turnedUpMs).unref();
    logger.level = 'debug';
    const until = new Date(Date.now() + turnedUpMs).toISOString();
    logger.info({ level: 'debug', until }, 'log level raised temporarily');
  });
}

/** Only on systems that have this signal. */
export function onUserSignal(onSignal: () => void): void {
  if (process.platform !== 'win32') process.on('SIGUSR2', onSignal);
}
