/** The report of an evaluation: how often one model is right, by every way to get an answer from it, and what it answered. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { measureMeaning, measureNames, measureTitle } from '../../workflows/config/measures.js';
import { interval, percent } from '../../workflows/config/metricText.js';
import type { EvaluationMetrics } from '../evaluation/types.js';
import { answersSection } from './answerCards.js';
import type { AnsweredQuestion } from './answers.js';
import { type DataSummary, dataSection } from './data.js';
import { renderDocument } from './document.js';
import { intervalChart } from './intervalChart.js';
import { lineChart } from './lineChart.js';
import { rewardPartsCard } from './rewardParts.js';
import { compute, notes, specification } from './sections.js';
import type { Work } from './types.js';

export interface EvaluationReport {
  readonly evaluationId: string;
  readonly title: string;
  readonly model: string;
  readonly spec: unknown;
  readonly metrics: EvaluationMetrics;
  readonly answers: readonly AnsweredQuestion[];
  readonly data: DataSummary;
  readonly work: Readonly<Record<string, Work>>;
  readonly notes: readonly string[];
}

/** The same evaluation always gives the same bytes. */
export function renderEvaluation(report: EvaluationReport): string {
  const { title, model, metrics, evaluationId } = report;
  const { top1 } = metrics;
  const content = html`
    <header>
      <h1>${title}</h1>
      <p class="lead soft">
        <code>${model}</code> answers ${percent(top1.percent)} % of ${top1.count.toLocaleString('en')} test questions
        right.
      </p>
    </header>
    ${results(metrics)} ${answersSection(report.answers)} ${dataSection(report.data)} ${compute(report.work)}
    ${notes(report.notes)} ${specification(report.spec)}
    <footer>Evaluation <code>${evaluationId}</code></footer>
  ` as VNode;
  return renderDocument(title, content);
}

function results(metrics: EvaluationMetrics): VNode {
  const { samples, passAt = [] } = metrics;
  const measures = measureNames.flatMap((name) => {
    const accuracy = metrics[name];
    return accuracy === undefined ? [] : [{ name: measureTitle(name, samples), accuracy, id: name }];
  });
  return html`
    <section>
      <h2>Results</h2>
      <div class="grid-of-cards two">
        <div class="card">
          <table class="metrics">
            <tbody>
              ${measures.map(
                ({ name, accuracy }) => html`
                  <tr>
                    <th>${name}</th>
                    <td><b>${percent(accuracy.percent)}</b><small>${interval(accuracy)}</small></td>
                  </tr>
                `,
              )}
            </tbody>
          </table>
          <p class="explain soft">Percent right on the test questions, with 95 % Wilson intervals.</p>
          <dl class="explain soft">
            ${measures.map(({ name, id }) => html`<div><dt>${name}</dt><dd>${measureMeaning(id, samples)}</dd></div>`)}
          </dl>
        </div>
        <div class="card">
          ${intervalChart(
            measures.map(({ name, accuracy }) => ({
              name,
              rows: [{ ...accuracy, colour: 'reft', detail: `${accuracy.correct} of ${accuracy.count}` }],
            })),
          )}
        </div>
        ${rewardPartsCard([{ id: 'reft', name: '', metrics }])} ${passAt.length > 1 && passChart(passAt)}
      </div>
    </section>
  ` as VNode;
}

/** Over the logarithm of k, in which pass@k is nearly a line. */
function passChart(passAt: NonNullable<EvaluationMetrics['passAt']>): VNode {
  return html`
    <figure class="card">
      <figcaption>pass@k<span>${passAt.map(({ k, percent: value }) => `@${k} ${percent(value)}`).join(', ')}</span></figcaption>
      ${lineChart({
        title: 'pass@k: share of questions with a right answer among k samples, without bias',
        xLabel: 'log₂ k',
        unit: '%',
        series: [
          { name: 'pass@k', colour: 'reft', points: passAt.map(({ k, percent: y }) => ({ x: Math.log2(k), y })) },
        ],
        width: 430,
        height: 190,
      })}
    </figure>
  ` as VNode;
}
