import { readFile } from 'node:fs/promises';

import { z } from 'zod';

/** What is drawn of a dashboard as Grafana keeps it. */
const Panel = z.object({
  type: z.enum(['row', 'stat', 'table', 'timeseries']),
  title: z.string(),
  gridPos: z.object({
    x: z.number(),
    y: z.number(),
    w: z.number(),
    h: z.number(),
  }),
  targets: z
    .array(
      z.object({
        expr: z.string(),
        legendFormat: z.string().default(''),
      }),
    )
    .default([]),
  fieldConfig: z
    .object({
      defaults: z.object({
        unit: z.string().default('none'),
        min: z.number().optional(),
        noValue: z.string().default('none'),
        thresholds: z
          .object({
            steps: z.array(z.object({ color: z.string(), value: z.number().nullable() })),
          })
          .optional(),
        custom: z
          .object({
            fillOpacity: z.number().default(0),
            stacking: z.object({ mode: z.string() }).optional(),
          })
          .optional(),
      }),
    })
    .optional(),
  transformations: z
    .array(
      z.object({
        options: z.object({
          excludeByName: z.record(z.string(), z.boolean()).default({}),
          renameByName: z.record(z.string(), z.string()).default({}),
        }),
      }),
    )
    .default([]),
});
export type Panel = z.output<typeof Panel>;

const Dashboard = z.object({ title: z.string(), panels: z.array(Panel) });
export type Dashboard = z.output<typeof Dashboard>;

export async function readDashboard(path: string): Promise<Dashboard> {
  return Dashboard.parse(JSON.parse(await readFile(path, 'utf8')));
}

/**
 * What Grafana puts in the place of its variables. One that is not known here would ask Prometheus
 * for nothing.
 */
export function substitute(
  expression: string,
  variables: Readonly<Record<string, string>>,
): string {
  return expression.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, plain?: string) => {
    const value = variables[braced ?? plain ?? ''];
    if (value === undefined) throw new Error(`${whole} of "${expression}" is not known`);
    return value;
  });
}

/** `{{client}} {{lane}}` with the labels of a series; without a format all its labels. */
export function legendOf(format: string, labels: Readonly<Record<string, string>>): string {
  if (format === '')
    return Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ');
  return format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => labels[name] ?? '').trim();
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Grafana's grid of 24 columns with 8 pixels between, its rows a fifth lower: the page is long. */
const COLUMNS = 24;
const ROW = 24;
const GAP = 8;

export function boxOf({ x, y, w, h }: Panel['gridPos'], pageWidth: number): Box {
  const column = (pageWidth - GAP) / COLUMNS;
  return {
    left: Math.round(GAP + x * column),
    top: GAP + y * (ROW + GAP),
    width: Math.round(w * column - GAP),
    height: h * (ROW + GAP) - GAP,
  };
}

export function pageHeight(panels: readonly Panel[]): number {
  const boxes = panels.map(({ gridPos }) => boxOf(gridPos, COLUMNS));
  return GAP + Math.max(0, ...boxes.map(({ top, height }) => top + height));
}

/** The last step that the value has reached. */
export function colourAt(
  value: number,
  steps: readonly { readonly color: string; readonly value: number | null }[],
): string {
  const reached = steps.filter((step) => value >= (step.value ?? -Infinity));
  return reached.at(-1)?.color ?? 'green';
}
