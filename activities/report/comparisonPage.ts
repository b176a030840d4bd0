/** The report of a comparison: every method under every measure over its trainings, and which differences hold. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import {
  type MeasureName,
  measureMeaning,
  measureTitle,
  modelTitle,
  trainingTitle,
} from '../../workflows/config/measures.js';
import { interval, meanAndSpread, percent, pText, signed } from '../../workflows/config/metricText.js';
import type { ComparedSeeds, ComparisonMetrics } from '../evaluation/types.js';
import { differenceLines, explanation, mainModel } from './comparisonTable.js';
import { type DataSummary, dataSection } from './data.js';
import { renderDocument } from './document.js';
import { intervalChart } from './intervalChart.js';
import { compute, notes, specification } from './sections.js';
import { trainingsSection } from './trainings.js';
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
    ${failures(report.failures)} ${warningsSection(warningsOf(report))} ${results(metrics)}
    ${perTraining(metrics)} ${pairs(metrics)} ${trainingsSection(report.trainings, metrics.warmUps > 1)}
    ${dataSection(report.data)} ${compute(report.work)} ${notes([...method, ...report.notes])}
    ${specification(report.spec)}
    <footer>Comparison <code>${comparisonId}</code></footer>
  ` as VNode;
  return renderDocument(title, content);
}

function warningsOf({ trainings, metrics }: ComparisonReport): readonly ShownWarning[] {
  return trainings.flatMap((training) =>
    training.warnings.map((warning) => ({ ...warning, training: trainingTitle(training, metrics.warmUps > 1) })),
  );
}

/** How intervals and p-values came about. */
const method: readonly string[] = [
  'Intervals and p are of one model of chance: a value is the sum of a mean, a part of the training, one of the question and a rest, each drawn; Student’s t with the degrees of freedom of Hillis (2007). Few trainings give wide intervals and large p.',
  'p: two-sided, corrected by Holm for all pairs under a measure.',
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

function perTraining({ rows, measures, samples, warmUps }: ComparisonMetrics): VNode {
  const columns = [
    ...new Map(
      rows.flatMap(({ trainings }) =>
        trainings.flatMap(({ warmUp, seed }) => (seed === undefined ? [] : [[`${warmUp} ${seed}`, { warmUp, seed }]])),
      ),
    ).values(),
  ];
  const cell = (row: (typeof rows)[number], name: MeasureName, column: ComparedSeeds): string => {
    const found = row.measures.find(({ measure }) => measure === name);
    const place = row.trainings.findIndex(
      ({ warmUp, seed }) => warmUp === column.warmUp && (seed === undefined || seed === column.seed),
    );
    const value = found?.perTraining[place];
    return value === undefined ? '' : percent(value);
  };
  const title = ({ warmUp, seed }: ComparedSeeds): string =>
    warmUps > 1 ? `warm-up ${warmUp}, seed ${seed}` : `seed ${seed}`;
  const table = (name: MeasureName): VNode =>
    html`
      <h3>${measureTitle(name, samples)}</h3>
      <div class="card scroll">
        <table>
          <thead><tr><th></th>${columns.map((column) => html`<th>${title(column)}</th>`)}</tr></thead>
          <tbody>
            ${rows.map(
              (row) => html`
                <tr>
                  <th>${modelTitle(row.model)}</th>${columns.map((column) => html`<td>${cell(row, name, column)}</td>`)}
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
      <h2>Each training</h2>
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
            <tr><th></th><th>difference</th><th>95 % interval</th><th>p</th><th>p, corrected</th><th>trainings</th></tr>
          </thead>
          <tbody>
            ${all
              .filter(({ measure }) => measure === name)
              .map(
                ({ a, b, difference, low, high, p, pCorrected, trainings }) => html`
                  <tr>
                    <th>${modelTitle(a)} less ${modelTitle(b)}</th>
                    <td><b>${signed(difference)}</b></td>
                    <td>${signed(low)} to ${signed(high)}</td>
                    <td>${p === undefined ? '' : pText(p)}</td>
                    <td>${pCorrected === undefined ? '' : pText(pCorrected)}</td>
                    <td>${trainings}</td>
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
