/** The picture of a run of very many rounds: four small charts as one SVG that stands alone. */
import { html } from 'htm/preact';
import { cloneElement, type VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { lineChart } from '../../activities/report/lineChart.js';
import type { ManyRounds } from './manyRounds.js';

const chart = { width: 380, height: 190 } as const;
const title = 24;
const gap = 16;

/** Readable on white and on black. */
const style = `
  text { font: 11px system-ui, sans-serif; fill: #7d8590; }
  .title { font-size: 13px; font-weight: 600; }
  .grid { stroke: #7d859033; } .axis, .mark { stroke: #7d8590; }
  .curve { fill: none; stroke: #d4572a; stroke-width: 1.5; }
  .dot { fill: #d4572a; } .quiet { opacity: 0; } .zero { display: none; }
`;

export function plotRounds({ rounds, executions, moments }: ManyRounds): string {
  const ofExecutions = (value: (execution: (typeof executions)[number]) => number) => ({
    xLabel: 'execution',
    points: executions.map((execution, index) => ({ x: index + 1, y: value(execution) })),
  });
  const ofMoments = (value: (moment: (typeof moments)[number]) => number) => ({
    xLabel: 'round',
    points: moments.map((moment) => ({ x: moment.round, y: value(moment) })),
  });
  // The last execution is not full.
  const full = ofExecutions(({ events }) => events);
  const charts = [
    { title: 'events of an execution', ...full, points: full.points.slice(0, -1) },
    { title: 'KiB handed on to it', ...ofExecutions(({ bytesHandedOn }) => bytesHandedOn / 2 ** 10) },
    { title: "worker's heap, MiB", ...ofMoments(({ heapMegabytes }) => heapMegabytes) },
    { title: "worker's process, MiB", ...ofMoments(({ residentMegabytes }) => residentMegabytes) },
  ];
  const width = 2 * chart.width + gap;
  const height = 2 * (chart.height + title) + gap;
  const placed = charts.map((one, index) => {
    const x = (index % 2) * (chart.width + gap);
    const y = Math.floor(index / 2) * (chart.height + title + gap);
    return html`<text class="title" x=${x + 46} y=${y + 15}>${one.title}</text>${drawAt(x, y + title, one)}`;
  });
  const picture = html`
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width=${width} height=${height}>
      <title>${`Histories, what they hand on, and the worker's memory over ${rounds} rounds`}</title>
      <style>${style}</style>
      ${placed}
    </svg>
  ` as VNode;
  return `${renderToString(picture)}\n`;
}

interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Each from zero, so that what is flat looks flat. */
function drawAt(x: number, y: number, { title, xLabel, points }: Chart): VNode {
  const [{ x: first } = { x: 0 }] = points;
  const series = [
    { name: title, colour: 'value', points },
    { name: 'zero', colour: 'zero', points: [{ x: first, y: 0 }] },
  ];
  return cloneElement(lineChart({ ...chart, title, xLabel, unit: '', series }), { x, y, ...chart });
}
