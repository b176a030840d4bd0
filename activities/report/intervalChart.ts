/** Accuracies as dots on their 95 % intervals: whose intervals are apart is seen at a glance. */
import { scaleLinear } from 'd3-scale';
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { type EvaluatedModel, interval, type Measure, percent } from './figures.js';
import { round } from './lineChart.js';

const width = 430;
const margin = { left: 136, right: 34, top: 4, bottom: 26 };
const rowHeight = 17;
const groupGap = 18;

/** A group of rows a measure, a row a model. */
export function intervalChart(models: readonly EvaluatedModel[], measures: readonly Measure[]): VNode {
  const rows = measures.flatMap((measure) =>
    models.flatMap((model) => {
      const accuracy = measure.accuracyOf(model.figures);
      return accuracy === undefined ? [] : [{ measure, model, accuracy }];
    }),
  );
  const low = Math.min(...rows.map(({ accuracy }) => accuracy.low));
  const high = Math.max(...rows.map(({ accuracy }) => accuracy.high));
  const scale = scaleLinear([Math.max(0, low - 2), Math.min(100, high + 2)], [margin.left, width - margin.right]).nice(
    5,
  );
  const x = (value: number): number => round(scale(value));
  const groupHeight = models.length * rowHeight + groupGap;
  const bottom = margin.top + measures.length * groupHeight;
  const yOf = (measure: Measure, model: EvaluatedModel): number =>
    margin.top + measures.indexOf(measure) * groupHeight + (models.indexOf(model) + 0.5) * rowHeight + groupGap / 2;
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
      ${measures.map(
        (measure, index) => html`
          <text
            class="name"
            x=${margin.left - 14}
            y=${margin.top + (index + 0.5) * groupHeight}
            dy="0.32em"
            text-anchor="end"
          >
            ${measure.name}
          </text>
        `,
      )}
      ${rows.map(({ measure, model, accuracy }) => {
        const y = yOf(measure, model);
        return html`
          <g class=${model.id}>
            <line class="interval" x1=${x(accuracy.low)} x2=${x(accuracy.high)} y1=${y} y2=${y} />
            <circle class="estimate" cx=${x(accuracy.percent)} cy=${y} r="4.5" />
            <text class="value" x=${x(accuracy.high) + 7} y=${y} dy="0.34em">${percent(accuracy.percent)}</text>
            <title>
              ${`${model.name}, ${measure.name}: ${percent(accuracy.percent)} % (${interval(accuracy)}), ${accuracy.correct} of ${accuracy.count}`}
            </title>
          </g>
        `;
      })}
    </svg>
  ` as VNode;
}
