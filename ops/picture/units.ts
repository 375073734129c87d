/** A value with its unit, as Grafana writes it. */
export function withUnit(value: number, unit: string): string {
  if (unit === 's') return duration(value);
  if (unit === 'bytes') return scaled(value, 1024, BYTES);
  if (unit === 'percentunit') return `${short(value * 100)}%`;
  return unit === 'ops' ? `${short(value)} ops/s` : short(value);
}

const BYTES = ['B', 'KiB', 'MiB', 'GiB'];

const DURATIONS = [
  { from: 86_400, each: 86_400, name: 'd' },
  { from: 3_600, each: 3_600, name: 'h' },
  { from: 60, each: 60, name: 'min' },
  { from: 1, each: 1, name: 's' },
  { from: 0.001, each: 0.001, name: 'ms' },
] as const;

function duration(seconds: number): string {
  if (seconds === 0) return '0 s';
  const unit = DURATIONS.find(({ from }) => Math.abs(seconds) >= from);
  return unit ? `${short(seconds / unit.each)} ${unit.name}` : `${short(seconds * 1e6)} µs`;
}

function scaled(value: number, base: number, [name = '', ...larger]: readonly string[]): string {
  return value < base || larger.length === 0
    ? `${short(value)} ${name}`
    : scaled(value / base, base, larger);
}

/** Three digits that count. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
