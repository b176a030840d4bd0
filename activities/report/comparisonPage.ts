/** The report of a comparison: every method under every measure over the seeds, and which differences hold. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { type MeasureName, measureMeaning, measureTitle, modelTitle } from '../../workflows/config/measures.js';
import { interval, meanAndSpread, percent, pText, signed } from '../../workflows/config/metricText.js';
import type { ComparisonMetrics } from '../evaluation/types.js';
import { differenceLines, explanation, mainModel } from './comparisonTable.js';
import { type DataSummary, dataSection } from './data.js';
import { renderDocument } from './document.js';
import { intervalChart } from './intervalChart.js';
import { compute, notes, specification } from './sections.js';
import { trainingsSection, trainingTitle } from './trainings.js';
import type { ComparedTraining, Work } from './types.js';
import { type ShownWarning, warningsSection } from './warnings.js';

export interface ComparisonReport {
  readonly comparisonId: string;
  readonly title: string;
  readonly spec: unknown;
  readonly metrics: ComparisonMetrics;
  readonly trainings: readonly ComparedTraining[];
  readonly data: DataSummary;
  readonly failures: readonly string[];
  readonly notes: readonly string[];
  readonly work: Readonly<Record<string, Work>>;
}

/** The same comparison always gives the same bytes. */
export function renderComparison(report: ComparisonReport): string {
  const { title, metrics, comparisonId } = report;
  const content = html`
    <header>
      <h1>${title}</h1>
      ${differenceLines(metrics, mainModel(metrics)).map((line) => html`<p class="lead soft">${line}</p>`)}
    </header>
    ${failures(report.failures)} ${warningsSection(warningsOf(report.trainings))} ${results(metrics)}
    ${perSeed(metrics)} ${pairs(metrics)} ${trainingsSection(report.trainings)}
    ${dataSection(report.data)} ${compute(report.work)} ${notes([...method, ...report.notes])}
    ${specification(report.spec)}
    <footer>Comparison <code>${comparisonId}</code></footer>
  ` as VNode;
  return renderDocument(title, content);
}

function warningsOf(trainings: readonly ComparedTraining[]): readonly ShownWarning[] {
  return trainings.flatMap((training) =>
    training.warnings.map((warning) => ({ ...warning, training: trainingTitle(training) })),
  );
}

/** How intervals and p-values came about. */
const method: readonly string[] = [
  'All models are trained from one warm-up: how much warm-ups vary is not in the metrics. Intervals: percentiles of a two-level bootstrap, which draws seeds, and questions for all of them, with replacement.',
  'p: exact paired permutation test on each question’s difference (for one seed McNemar’s exact test), two-sided, corrected by Holm for all pairs under a measure. It is about these trained models; how much trainings vary is in the intervals.',
];

function failures(all: readonly string[]): VNode | null {
  if (all.length === 0) return null;
  return html`
    <section>
      <h2>Failed</h2>
      <div class="card"><ul>${all.map((failure) => html`<li>${failure}</li>`)}</ul></div>
    </section>
  ` as VNode;
}

function results(metrics: ComparisonMetrics): VNode {
  const { rows, measures, samples } = metrics;
  return html`
    <section>
      <h2>Results</h2>
      <div class="card">
        <div class="scroll">
          <table class="metrics">
            <thead>
              <tr><th></th>${measures.map((measure) => html`<th>${measureTitle(measure, samples)}</th>`)}</tr>
            </thead>
            <tbody>
              ${rows.map(
                (row) => html`
                  <tr>
                    <th class=${row.model}><i class="swatch"></i>${modelTitle(row.model)}</th>
                    ${measures.map((name) => {
                      const found = row.measures.find(({ measure }) => measure === name);
                      return found === undefined
                        ? html`<td></td>`
                        : html`<td><b>${meanAndSpread(found)}</b><small>${interval(found)}</small></td>`;
                    })}
                  </tr>
                `,
              )}
            </tbody>
          </table>
        </div>
        <p class="explain soft">${explanation(metrics)}</p>
        <dl class="explain soft">
          ${measures.map(
            (name) => html`<div><dt>${measureTitle(name, samples)}</dt><dd>${measureMeaning(name, samples)}</dd></div>`,
          )}
        </dl>
      </div>
      <div class="card">
        <div class="legend">
          ${rows.map(({ model }) => html`<span class=${model}><i class="swatch"></i>${modelTitle(model)}</span>`)}
        </div>
        ${chart(metrics)}
      </div>
    </section>
  ` as VNode;
}

function chart({ rows, measures, samples }: ComparisonMetrics): VNode {
  return intervalChart(
    measures.map((name) => ({
      name: measureTitle(name, samples),
      rows: rows.flatMap(({ model, measures: ofModel }) => {
        const found = ofModel.find(({ measure }) => measure === name);
        if (found === undefined) return [];
        const detail = `${modelTitle(model)}: ${meanAndSpread(found)} (${interval(found)})`;
        return [{ colour: model, percent: found.mean, low: found.low, high: found.high, detail }];
      }),
    })),
  );
}

function perSeed({ rows, measures, samples }: ComparisonMetrics): VNode {
  const seeds = [...new Set(rows.flatMap((row) => row.seeds))];
  const cell = (row: (typeof rows)[number], name: MeasureName, seed: number): string => {
    const found = row.measures.find(({ measure }) => measure === name);
    const value = found?.perSeed[row.seeds.length === 0 ? 0 : row.seeds.indexOf(seed)];
    return value === undefined ? '' : percent(value);
  };
  const table = (name: MeasureName): VNode =>
    html`
      <h3>${measureTitle(name, samples)}</h3>
      <div class="card scroll">
        <table>
          <thead><tr><th></th>${seeds.map((seed) => html`<th>seed ${seed}</th>`)}</tr></thead>
          <tbody>
            ${rows.map(
              (row) => html`
                <tr><th>${modelTitle(row.model)}</th>${seeds.map((seed) => html`<td>${cell(row, name, seed)}</td>`)}</tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    ` as VNode;
  const [first, ...others] = measures;
  return html`
    <section>
      <h2>Each seed</h2>
      ${first && table(first)}
      <details class="more"><summary>${others.length} more measures</summary>${others.map(table)}</details>
    </section>
  ` as VNode;
}

function pairs({ pairs: all, measures, samples }: ComparisonMetrics): VNode | null {
  if (all.length === 0) return null;
  const table = (name: MeasureName): VNode =>
    html`
      <h3>${measureTitle(name, samples)}</h3>
      <div class="card scroll">
        <table>
          <thead>
            <tr><th></th><th>difference</th><th>95 % interval</th><th>p</th><th>p, corrected</th><th>seeds</th></tr>
          </thead>
          <tbody>
            ${all
              .filter(({ measure }) => measure === name)
              .map(
                ({ a, b, difference, low, high, p, pCorrected, seeds }) => html`
                  <tr>
                    <th>${modelTitle(a)} less ${modelTitle(b)}</th>
                    <td><b>${signed(difference)}</b></td>
                    <td>${signed(low)} to ${signed(high)}</td>
                    <td>${pText(p)}</td>
                    <td>${pText(pCorrected)}</td>
                    <td>${seeds}</td>
                  </tr>
                `,
              )}
          </tbody>
        </table>
      </div>
    ` as VNode;
  const [first, ...others] = measures;
  return html`
    <section>
      <h2>Differences on the same questions</h2>
      <p class="soft">In points of percent.</p>
      ${first && table(first)}
      <details class="more"><summary>${others.length} more measures</summary>${others.map(table)}</details>
    </section>
  ` as VNode;
}
