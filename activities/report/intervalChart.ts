/** Accuracies as dots on their 95 % intervals: whose intervals are apart is seen at a glance. */
import { scaleLinear } from 'd3-scale';
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { percent } from '../../workflows/config/metricText.js';
import { round } from './lineChart.js';

/** A dot on its interval, in percent. */
export interface IntervalRow {
  /** CSS class that gives the colour. */
  readonly colour: string;
  readonly percent: number;
  readonly low: number;
  readonly high: number;
  /** What shows on hover. */
  readonly detail: string;
}

export interface IntervalGroup {
  readonly name: string;
  readonly rows: readonly IntervalRow[];
}

const width = 430;
const margin = { left: 136, right: 34, top: 4, bottom: 26 };
const rowHeight = 17;
const groupGap = 18;

/** The groups one below the other, each with its rows. */
export function intervalChart(groups: readonly IntervalGroup[]): VNode {
  const rows = groups.flatMap((group) => group.rows);
  const low = Math.min(...rows.map(({ low: bound }) => bound));
  const high = Math.max(...rows.map(({ high: bound }) => bound));
  const scale = scaleLinear([Math.max(0, low - 2), Math.min(100, high + 2)], [margin.left, width - margin.right]).nice(
    5,
  );
  const x = (value: number): number => round(scale(value));
  let bottom: number = margin.top;
  const placed = groups.map((group) => {
    const top = bottom;
    bottom += group.rows.length * rowHeight + groupGap;
    return { ...group, top, middle: (top + bottom) / 2 };
  });
  return html`
    <svg
      class="chart"
      viewBox="0 0 ${width} ${bottom + margin.bottom}"
      role="img"
      aria-label="Accuracy of each model by measure, with 95 % intervals"
    >
      ${scale.ticks(5).map(
        (tick) => html`
          <line class="grid" x1=${x(tick)} x2=${x(tick)} y1=${margin.top} y2=${bottom} />
          <text class="tick" x=${x(tick)} y=${bottom + 16} text-anchor="middle">${tick} %</text>
        `,
      )}
      ${placed.map(
        ({ name, middle }) => html`
          <text class="name" x=${margin.left - 14} y=${middle} dy="0.32em" text-anchor="end">${name}</text>
        `,
      )}
      ${placed.flatMap(({ rows: ofGroup, top }) =>
        ofGroup.map((row, index) => {
          const y = top + (index + 0.5) * rowHeight + groupGap / 2;
          return html`
            <g class=${row.colour}>
              <line class="interval" x1=${x(row.low)} x2=${x(row.high)} y1=${y} y2=${y} />
              <circle class="estimate" cx=${x(row.percent)} cy=${y} r="4.5" />
              <text class="value" x=${x(row.high) + 7} y=${y} dy="0.34em">${percent(row.percent)}</text>
              <title>${row.detail}</title>
            </g>
          `;
        }),
      )}
    </svg>
  ` as VNode;
}
