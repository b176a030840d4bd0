/** A small line chart as inline SVG: axes with few ticks, labels, and values that show on hover. */
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { html } from 'htm/preact';
import type { VNode } from 'preact';

export interface Series {
  readonly name: string;
  /** CSS class that gives the colour. */
  readonly colour: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface LineChart {
  /** What the chart shows, for screen readers. */
  readonly title: string;
  readonly xLabel: string;
  readonly unit: string;
  readonly series: readonly Series[];
  /** In units of the view box; its text keeps one size, so wider charts have room for more. */
  readonly width: number;
  readonly height: number;
}

const margin = { left: 46, right: 14, top: 10, bottom: 34 };

/** Above this many points a curve shows its dots on hover only. */
const mostDots = 40;

export function lineChart({ title, xLabel, unit, series, width, height }: LineChart): VNode {
  const all = series.flatMap(({ points }) => points);
  const x = scaleLinear(extent(all.map((point) => point.x)), [margin.left, width - margin.right]);
  const y = scaleLinear(extent(all.map((point) => point.y)), [height - margin.bottom, margin.top]).nice(4);
  const left = (value: number): number => round(x(value));
  const top = (value: number): number => round(y(value));
  const path = line<{ x: number; y: number }>(
    (point) => left(point.x),
    (point) => top(point.y),
  );
  const xTicks = x.ticks(width / 70).filter(Number.isInteger);
  const yTicks = y.ticks(4);
  const [least = 0, most = 0] = y.domain();
  // Very small values would need more zeros than there is room for.
  const yText = Math.max(-least, most) < 1e-3 ? y.tickFormat(4, '.0e') : y.tickFormat(4);
  return html`
    <svg class=${width > 500 ? 'chart wide' : 'chart'} viewBox="0 0 ${width} ${height}" role="img" aria-label=${title}>
      ${yTicks.map(
        (tick) => html`
          <line class="grid" x1=${margin.left} x2=${width - margin.right} y1=${top(tick)} y2=${top(tick)} />
          <text class="tick" x=${margin.left - 8} y=${top(tick)} dy="0.32em" text-anchor="end">${yText(tick)}</text>
        `,
      )}
      ${xTicks.map(
        (tick) => html`
          <line class="mark" x1=${left(tick)} x2=${left(tick)} y1=${height - margin.bottom} y2=${height - margin.bottom + 4} />
          <text class="tick" x=${left(tick)} y=${height - margin.bottom + 15} text-anchor="middle">${tick}</text>
        `,
      )}
      <line
        class="axis"
        x1=${margin.left}
        x2=${width - margin.right}
        y1=${height - margin.bottom}
        y2=${height - margin.bottom}
      />
      <text class="label" x=${width - margin.right} y=${height - 4} text-anchor="end">${xLabel}</text>
      ${series.map(
        ({ name, colour, points }) => html`
          <g class=${colour}>
            <path class="curve" d=${path([...points])} />
            ${points.map(
              (point) => html`
                <circle class=${points.length > mostDots ? 'dot quiet' : 'dot'} cx=${left(point.x)} cy=${top(point.y)} r="3">
                  <title>${`${name}, ${xLabel} ${short(point.x)}: ${short(point.y)} ${unit}`.trim()}</title>
                </circle>
              `,
            )}
          </g>
        `,
      )}
    </svg>
  ` as VNode;
}

/** Four significant digits. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** A tenth of a unit is as fine as a screen shows. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** [smallest, largest], widened where they are one, so that a flat curve lies in the middle. */
function extent(values: readonly number[]): [number, number] {
  const [low, high] = values.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  if (low < high) return [low, high];
  const room = Math.abs(low) / 10 || 1;
  return [low - room, low + room];
}
