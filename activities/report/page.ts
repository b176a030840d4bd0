/** The report of a run: its results, how it learned, what it answered and what it cost. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { interval, percent } from '../../workflows/config/metricText.js';
import type { RunMetrics } from '../evaluation/types.js';
import { answersSection } from './answerCards.js';
import type { AnsweredQuestion } from './answers.js';
import { type Curve, type PhaseCurves, phaseCurves } from './curves.js';
import { type DataSummary, dataSection } from './data.js';
import { type DifficultySummary, difficultySection } from './difficulty.js';
import { renderDocument } from './document.js';
import { intervalChart } from './intervalChart.js';
import { lineChart, short } from './lineChart.js';
import { evaluatedModels, finalMetrics, intervalGroups, measuresOf } from './metrics.js';
import { rewardPartsCard } from './rewardParts.js';
import { compute, notes, specification } from './sections.js';
import type { CurvePoint, TrainingWarning, Work } from './types.js';
import { warningsSection } from './warnings.js';

export interface Report {
  readonly runId: string;
  readonly title: string;
  readonly spec: unknown;
  readonly metrics: RunMetrics;
  readonly curve: readonly CurvePoint[];
  /** Greedy answers of the final model to the test questions. */
  readonly answers: readonly AnsweredQuestion[];
  readonly data: DataSummary;
  /** Where questions were chosen by it. */
  readonly difficulty?: DifficultySummary;
  readonly work: Readonly<Record<string, Work>>;
  readonly notes: readonly string[];
  readonly warnings: readonly TrainingWarning[];
  /** The final checkpoint's sha256. */
  readonly checkpoint: string;
}

/** Charts of a phase that are seen at once; the rest unfold. */
const chartsShown = 6;

/** The whole page, `<!doctype html>` included. The same report always gives the same bytes. */
export function renderReport(report: Report): string {
  const curves = phaseCurves(report.curve);
  const content = html`
    ${header(report)} ${warningsSection(report.warnings)} ${results(report.metrics)} ${training(curves)} ${answersSection(report.answers)} ${dataSection(report.data)}
    ${difficultySection(report.difficulty)}
    ${compute(report.work)} ${notes(report.notes)} ${specification(report.spec)}
    <footer>
      Run <code>${report.runId}</code>, final checkpoint <code>${report.checkpoint}</code>
    </footer>
  ` as VNode;
  return renderDocument(report.title, content);
}

function header({ title, metrics }: Report): VNode {
  const models = evaluatedModels(metrics);
  return html`
    <header>
      <h1>${title}</h1>
      <p class="lead soft">${summary(metrics)}</p>
      <div class="headline">
        ${models.map(
          ({ id, name, metrics: { top1 } }) => html`
            <div class="card ${id}">
              <span>${name}</span>
              <b>${percent(top1.percent)}<small> %</small></b>
              <span class="soft">${interval(top1)}</span>
            </div>
          `,
        )}
      </div>
    </header>
  ` as VNode;
}

/** The result in a sentence or two. */
function summary(metrics: RunMetrics): string {
  const { top1 } = finalMetrics(metrics);
  const questions = top1.count.toLocaleString('en');
  const { sft, warmUp } = metrics;
  const models = evaluatedModels(metrics);
  const against = (name: string, other: number): string => {
    const points = top1.percent - other;
    return `${percent(Math.abs(points))} points ${points < 0 ? 'below' : 'above'} ${name}`;
  };
  const comparisons = [
    ...(sft && models.length > 2 ? [against('SFT', sft.top1.percent)] : []),
    ...(models.length > 1 ? [against('the warm-up', warmUp.top1.percent)] : []),
  ];
  const share = `${percent(top1.percent)} % of ${questions} test questions answered right`;
  return comparisons.length === 0 ? `${share}.` : `${share}, ${comparisons.join(' and ')}.`;
}

export function results(metrics: RunMetrics): VNode {
  const models = evaluatedModels(metrics);
  const measures = measuresOf(metrics);
  return html`
    <section>
      <h2>Results</h2>
      <div class="grid-of-cards two">
        <div class="card">
          <div class="legend">
            ${models.map(({ id, name }) => html`<span class=${id}><i class="swatch"></i>${name}</span>`)}
          </div>
          ${intervalChart(intervalGroups(models, measures))}
        </div>
        <div class="card">
          <div class="scroll">
            <table class="metrics">
              <thead>
                <tr>
                  <th></th>
                  ${models.map(({ id, name }) => html`<th class=${id}><i class="swatch"></i>${name}</th>`)}
                </tr>
              </thead>
              <tbody>
                ${measures.map(
                  (measure) => html`
                    <tr>
                      <th>${measure.name}</th>
                      ${models.map((model) => {
                        const accuracy = measure.accuracyOf(model.metrics);
                        return accuracy === undefined
                          ? html`<td></td>`
                          : html`<td><b>${percent(accuracy.percent)}</b><small>${interval(accuracy)}</small></td>`;
                      })}
                    </tr>
                  `,
                )}
              </tbody>
            </table>
          </div>
          <p class="explain soft">Percent right on the test questions, with 95 % Wilson intervals.</p>
          <dl class="explain soft">
            ${measures.map(({ name, meaning }) => html`<div><dt>${name}</dt><dd>${meaning}</dd></div>`)}
          </dl>
        </div>
        ${rewardPartsCard(models)}
      </div>
    </section>
  ` as VNode;
}

/** @param isOver whether each phase's length is known: only then are phases shown over one axis */
export function training(phases: readonly PhaseCurves[], isOver = true): VNode | null {
  if (phases.length === 0) return null;
  return html`
    <section>
      <h2>Training</h2>
      ${isOver && comparison(phases)}
      ${phases.map(
        (phase) => html`
          <h3>${phase.title}</h3>
          ${charts(phase, phase.curves.slice(0, chartsShown))}
          ${
            phase.curves.length > chartsShown &&
            html`
              <details class="more">
                <summary>${phase.curves.length - chartsShown} more curves</summary>
                ${charts(phase, phase.curves.slice(chartsShown))}
              </details>
            `
          }
        `,
      )}
    </section>
  ` as VNode;
}

function charts({ title, stepName }: PhaseCurves, curves: readonly Curve[]): VNode {
  return html`
    <div class="grid-of-cards">
      ${curves.map(
        (curve) => html`
          <figure class="card">
            <figcaption>${curve.title}<span>${lastValue(curve)}</span></figcaption>
            ${lineChart({
              title: `${title}: ${curve.title} by ${stepName}`,
              xLabel: stepName,
              unit: curve.unit,
              series: [{ name: curve.title, colour: curve.phase, points: curve.points }],
              width: 320,
              height: 190,
            })}
          </figure>
        `,
      )}
    </div>
  ` as VNode;
}

function lastValue(curve: Curve): string {
  const last = curve.points.at(-1);
  return last === undefined ? '' : `${short(last.y)} ${curve.unit}`.trim();
}

/** The method and SFT start from the same warm-up: their validation accuracies over the same axis, each phase's length 100 %. */
function comparison(phases: readonly PhaseCurves[]): VNode | null {
  const series = phases.flatMap(({ phase, title, curves }) => {
    const accuracy = curves.find((curve) => curve.title === 'Validation accuracy');
    const end = accuracy?.points.at(-1)?.x;
    if (accuracy === undefined || end === undefined) return [];
    return [{ name: title, colour: phase, points: accuracy.points.map(({ x, y }) => ({ x: (100 * x) / end, y })) }];
  });
  if (series.length < 2) return null;
  return html`
    <figure class="card">
      <figcaption>
        Validation accuracy from the same warm-up
        <span class="legend">
          ${series.map(({ name, colour }) => html`<span class=${colour}><i class="swatch"></i>${name}</span>`)}
        </span>
      </figcaption>
      <div class="scroll">
      ${lineChart({
        title: 'Validation accuracy over training, by method',
        xLabel: '% of its training',
        unit: '%',
        series,
        width: 960,
        height: 260,
      })}
      </div>
    </figure>
  ` as VNode;
}
