import * as echarts from 'echarts';

import { boxOf, colourAt, legendOf, pageHeight } from './dashboard.js';
import type { Box, Dashboard, Panel } from './dashboard.js';
import type { Series } from './prometheus.js';
import { withUnit } from './units.js';

/** A panel with what Prometheus answered to each of its targets. */
export interface Answered {
  readonly panel: Panel;
  readonly answers: readonly (readonly Series[])[];
  /** The moments that were asked for: where a series has none of them, its line has a gap. */
  readonly times: readonly number[];
}

export const PAGE_WIDTH = 1600;

/** One page, without a script: what Grafana would show, drawn from the dashboard's own words. */
export function drawPage({ title, panels }: Dashboard, answered: readonly Answered[]): string {
  const drawn = answered.map((each) => {
    const box = boxOf(each.panel.gridPos, PAGE_WIDTH);
    const { left, top, width, height } = box;
    const place = `left:${left}px;top:${top}px;width:${width}px;height:${height}px`;
    return `<section class="${each.panel.type}" style="${place}">${draw(each, box)}</section>`;
  });
  return `<!doctype html><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style>
<body style="height:${pageHeight(panels)}px">${drawn.join('\n')}</body>`;
}

function draw(answered: Answered, box: Box): string {
  const { panel } = answered;
  const heading = `<h2>${escaped(panel.title)}</h2>`;
  if (panel.type === 'row') return heading;
  if (panel.type === 'stat') return heading + stat(answered);
  if (panel.type === 'table') return heading + table(answered);
  return heading + lines(answered, box);
}

function stat({ panel, answers }: Answered): string {
  const { unit, noValue, thresholds } = defaultsOf(panel);
  const value = answers[0]?.[0]?.points.at(-1)?.[1];
  const colour = value === undefined ? 'green' : colourAt(value, thresholds?.steps ?? []);
  const text = value === undefined ? (noValue ?? 'none') : withUnit(value, unit);
  return `<p class="${colour}">${escaped(text)}</p>`;
}

function table({ panel, answers }: Answered): string {
  const { unit } = defaultsOf(panel);
  const rows = (answers[0] ?? []).map(({ labels, points }) => ({
    ...labels,
    Value: withUnit(points.at(-1)?.[1] ?? 0, unit),
  }));
  const { excludeByName = {}, renameByName = {} } = panel.transformations[0]?.options ?? {};
  const names = Object.keys(rows[0] ?? {}).filter((name) => !excludeByName[name]);
  if (rows.length === 0) return '<p class="none">No data</p>';
  const head = names.map((name) => `<th>${escaped(renameByName[name] ?? name)}`);
  const body = rows.map((row) => {
    const cells = new Map(Object.entries(row));
    return `<tr>${names.map((name) => `<td>${escaped(cells.get(name) ?? '')}`).join('')}`;
  });
  return `<table><tr>${head.join('')}${body.join('')}</table>`;
}

interface Line {
  readonly name: string;
  readonly colour: string;
  readonly points: Series['points'];
}

function lines({ panel, answers, times }: Answered, { width, height }: Box): string {
  const found = answers
    .flatMap((series, n) =>
      series.map(({ labels, points }) => ({
        name: legendOf(panel.targets[n]?.legendFormat ?? '', labels),
        points,
      })),
    )
    .filter(({ points }) => points.some(([, value]) => Number.isFinite(value)))
    .map((line, n): Line => ({
      ...line,
      colour: COLOURS[n % COLOURS.length] ?? '',
    }));
  if (found.length === 0) return '<p class="none">No data</p>';
  const legendRows = Math.min(6, rowsOf(found, width - 16));
  const size = { width: width - 16, height: height - 46 - 17 * legendRows };
  const names = found.map(
    ({ name, colour }) => `<span><i style="background:${colour}"></i>${escaped(name)}</span>`,
  );
  return `${chart(panel, found, { ...size, times })}<div class="legend">${names.join('')}</div>`;
}

/** Of a legend that is wrapped at this width. */
function rowsOf(found: readonly Line[], width: number): number {
  let rows = 1;
  let taken = 0;
  for (const { name } of found) {
    const wanted = 29 + name.length * 6.4;
    if (taken > 0 && taken + wanted > width) {
      rows += 1;
      taken = 0;
    }
    taken += wanted;
  }
  return rows;
}

function chart(
  panel: Panel,
  found: readonly Line[],
  {
    times,
    ...size
  }: {
    readonly width: number;
    readonly height: number;
    readonly times: readonly number[];
  },
): string {
  const { unit, min, custom } = defaultsOf(panel);
  const values = found.flatMap(({ points }) => points.map(([, value]) => value));
  const highest = Math.max(...values.filter(Number.isFinite));
  const isStacked = custom?.stacking?.mode === 'normal';
  const drawing = echarts.init(null, 'dark', {
    renderer: 'svg',
    ssr: true,
    ...size,
  });
  const splitLine = { lineStyle: { color: '#2c3036' } };
  drawing.setOption({
    animation: false,
    backgroundColor: 'transparent',
    grid: { left: 6, right: 10, top: 8, bottom: 2, containLabel: true },
    xAxis: {
      type: 'time',
      splitNumber: 3,
      axisLabel: { ...LABEL, formatter: '{HH}:{mm}:{ss}', hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      ...(min !== undefined && { min }),
      splitNumber: 3,
      ...roundScale(unit, highest),
      splitLine,
      axisLabel: {
        ...LABEL,
        formatter: (value: number) => withUnit(value, unit),
      },
    },
    series: found.map(({ name, colour, points }) => ({
      type: 'line',
      name,
      showSymbol: false,
      lineStyle: { width: 1, color: colour },
      itemStyle: { color: colour },
      areaStyle: { color: colour, opacity: (custom?.fillOpacity ?? 0) / 100 },
      ...(isStacked && { stack: 'all' }),
      data: onGrid(points, times),
    })),
  });
  const svg = drawing.renderToSVGString();
  drawing.dispose();
  return svg;
}

/** Bytes and minutes are round at other numbers. Neither is ever stacked. */
function roundScale(unit: string, highest: number) {
  if (unit !== 'bytes' && !(unit === 's' && highest > 120)) return {};
  const base = unit === 'bytes' ? 1024 ** 2 : 60;
  const interval = base * 2 ** Math.ceil(Math.log2(highest / base / 3));
  return { interval, max: Math.ceil(highest / interval) * interval };
}

/** Lines are stacked by their places, so that all need the same moments. */
function onGrid(points: Series['points'], times: readonly number[]) {
  const values = new Map(points);
  return times.map((at) => {
    const value = values.get(at) ?? Number.NaN;
    return [at * 1000, Number.isFinite(value) ? value : null];
  });
}

function defaultsOf({ fieldConfig, title }: Panel) {
  if (!fieldConfig) throw new Error(`"${title}" has no fieldConfig`);
  return fieldConfig.defaults;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

const LABEL = { color: '#9fa7b3', fontSize: 11 };

/** Grafana's classic palette. */
const COLOURS = [
  '#73bf69',
  '#f2cc0c',
  '#8ab8ff',
  '#ff780a',
  '#f2495c',
  '#5794f2',
  '#b877d9',
  '#705da0',
  '#37872d',
  '#fade2a',
  '#447ebc',
  '#c15c17',
  '#890f02',
  '#0a437c',
  '#6d1f62',
  '#584477',
];

const STYLE = `
body { margin: 0; position: relative; width: ${PAGE_WIDTH}px; background: #111217; color: #ccccdc; font: 13px Inter, "DejaVu Sans", sans-serif }
section { position: absolute; box-sizing: border-box; overflow: hidden; background: #181b1f; border: 1px solid #2c3036; border-radius: 2px; padding: 0 8px }
h2 { font-size: 13px; font-weight: 500; margin: 0; height: 28px; line-height: 28px; white-space: nowrap; overflow: hidden }
.row { background: none; border: 0; padding: 0 } .row h2 { font-size: 15px }
.stat { padding: 0; display: flex; flex-direction: column } .stat h2 { padding: 0 8px }
.stat p { flex: 1; margin: 0; display: grid; place-items: center; font-size: 38px; color: #fff }
.green { background: #37872d } .yellow { background: #cc9d00 } .red { background: #c4162a }
.none { text-align: center; color: #7b8087; margin-top: 60px }
table { border-collapse: collapse; width: 100%; text-align: left; font-size: 12px } th { color: #6e9fff } th, td { padding: 5px 6px; border-bottom: 1px solid #2c3036 }
svg { display: block } .legend { display: flex; flex-wrap: wrap; gap: 0 12px; font-size: 11px; line-height: 17px }
.legend i { display: inline-block; width: 12px; height: 3px; margin-right: 5px; vertical-align: middle }`;
