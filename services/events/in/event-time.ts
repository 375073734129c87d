const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const MS_OF_400_YEARS = 146_097 * 86_400_000;
const MS_OF_A_DAY = 86_400_000;

/**
 * Microseconds since 1970 of an RFC 3339 time; null if it is none. Finer digits are cut off. A leap
 * second counts as the last microsecond of its minute, so that it stays between its neighbours.
 */
export function timeUsOf(text: string): number | null {
  const match = RFC_3339.exec(text);
  if (!match) return null;
  const part = (group: number) => Number(match[group]);
  const [year, month, day] = [part(1), part(2), part(3)] as const;
  const [hour, minute, second] = [part(4), part(5), part(6)] as const;
  const offsetMs = offsetMsOf(match[8], match[9], match[10]);
  if (offsetMs === null || day < 1 || day > daysOf(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60) return null;

  const isLeap = second === 60;
  const ms = msSince1970(year, month, day, hour, minute, isLeap ? 59 : second) - offsetMs;
  if (isLeap && !endsADay(ms)) return null;
  const fraction = isLeap ? '999999' : (match[7] ?? '');
  return ms * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

/** Date.UTC takes the years 0 to 99 for 1900 to 1999; the calendar repeats every 400 years. */
function msSince1970(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  const shifted = Date.UTC(year + 400, month - 1, day, hour, minute, second);
  return shifted - MS_OF_400_YEARS;
}

function offsetMsOf(
  sign: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
): number | null {
  if (sign === undefined) return 0;
  const [h, m] = [Number(hours), Number(minutes)];
  if (h > 23 || m > 59) return null;
  return (sign === '-' ? -1 : 1) * (h * 60 + m) * 60_000;
}

function daysOf(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** Leap seconds are inserted at 23:59:60 UTC alone. */
function endsADay(ms: number): boolean {
  return (((ms + 1000) % MS_OF_A_DAY) + MS_OF_A_DAY) % MS_OF_A_DAY === 0;
}
