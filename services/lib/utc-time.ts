/** Formats a time for people: `2026-11-29 22:05:12 UTC`. */
export function utcTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
