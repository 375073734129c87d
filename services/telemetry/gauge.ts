import { Gauge, type Registry } from 'prom-client';

interface Definition<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Label[];
}

/** Creates a gauge that the caller sets. */
export function gauge<Label extends string = never>(
  registry: Registry,
  { name, help, labelNames = [] }: Definition<Label>,
): Gauge<Label> {
  return new Gauge({ name: `${PREFIX}${name}`, help, labelNames, registers: [registry] });
}

type Set<Label extends string> = (labels: Partial<Record<Label, string>>, value: number) => void;

/**
 * Creates a gauge that calls `ask` at each scrape. Label values that `ask` does not set are absent.
 */
export function askedGauge<Label extends string = never>(
  registry: Registry,
  its: Definition<Label> & { readonly ask: (set: Set<Label>) => void },
): Gauge<Label> {
  const { name, help, labelNames = [], ask } = its;
  return new Gauge({
    name: `${PREFIX}${name}`,
    help,
    labelNames,
    registers: [registry],
    collect() {
      // A gauge without labels needs remove(): after reset() it would report 0.
      if (labelNames.length > 0) this.reset();
      else this.remove();
      ask((labels, value) => this.set(labels, value));
    },
  });
}

/**
 * Prefix of our metric names; Node's own metrics keep their usual names for existing dashboards.
 */
export const PREFIX = 'discord_connector_';
