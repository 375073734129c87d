const LOOK_EVERY_MS = 300;

/**
 * Calls back once when the parent process has died. For a process started by npm: npm passes
 * signals to the shell between the two, which dies of them without passing them on.
 */
export function onOrphaned(callback: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, LOOK_EVERY_MS);
  timer.unref();
}
