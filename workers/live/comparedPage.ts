/** Several runs side by side: what came of them, where their specifications differ, and each metric's curves in one chart. Pure. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { lineChart, type Series } from '../../activities/report/lineChart.js';
import { measuresOf } from '../../activities/report/metrics.js';
import type { CurvePoint } from '../../activities/report/types.js';
import { differences } from '../../workflows/config/differences.js';
import { isRecord, show } from '../../workflows/config/explain.js';
import { trainingPhaseOf } from '../../workflows/config/methods.js';
import { interval, percent } from '../../workflows/config/metricText.js';
import { metricNames, titleOfMetric } from '../../workflows/config/metricTitles.js';
import { pathOf } from './address.js';
import type { ComparedRun } from './comparedRuns.js';
import { headerAsOf, inUtc, renderLiveDocument } from './document.js';

/** As many as can be told apart by colour. */
export const mostCompared = 6;

const title = 'Runs side by side';

export function renderComparedPage(runs: readonly ComparedRun[], asOf: Date): string {
  const content = html`
    ${headerAsOf(title, asOf)}
    ${resultsSection(runs)} ${specsSection(runs)} ${curvesSection('Training', runs, ({ spec }) => trainingPhaseOf(spec.method))}
    ${curvesSection('Warm-up', runs, () => 'warm-up')}
  ` as VNode;
  return renderLiveDocument(title, content);
}

const colourOf = (index: number): string => `run-${index + 1}`;

/** A column a run, the rows by their names. */
function table(runs: readonly ComparedRun[], rows: readonly (readonly [string, readonly string[]])[]): VNode {
  return html`
    <div class="card scroll">
      <table>
        <thead>
          <tr>
            <th></th>
            ${runs.map(
              ({ id }, index) =>
                html`<th class=${colourOf(index)}><i class="swatch"></i><a href=${pathOf(id)}>${id}</a></th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${rows.map(([name, cells]) => html`<tr><th>${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}
        </tbody>
      </table>
    </div>
  ` as VNode;
}

/** Of the model that each run was made for; the measures are those that at least one has. */
function resultsSection(runs: readonly ComparedRun[]): VNode {
  const measured = runs.map(({ metrics, spec }) => metrics[spec.method]);
  const names = [
    ...new Set(measured.flatMap((one) => (one ? measuresOf({ warmUp: one }).map(({ name }) => name) : []))),
  ];
  const accuracies = names.map((name) => {
    const cells = measured.map((one) => {
      const accuracy =
        one &&
        measuresOf({ warmUp: one })
          .find((measure) => measure.name === name)
          ?.accuracyOf(one);
      return accuracy ? `${percent(accuracy.percent)} (${interval(accuracy)})` : '';
    });
    return [name, cells] as const;
  });
  return html`
    <section>
      <h2>Results</h2>
      ${table(runs, [
        ['state', runs.map(({ state }) => state)],
        ['started, UTC', runs.map(({ startedAt }) => inUtc(startedAt).slice(0, 16))],
        ['method', runs.map(({ spec }) => spec.method)],
        ...accuracies,
      ])}
      <p class="explain soft">Percent right on the test questions, with 95 % intervals, of the model that each run was made for.</p>
    </section>
  ` as VNode;
}

/** The fields in which not all are alike. */
function specsSection(runs: readonly ComparedRun[]): VNode | null {
  const [first, ...others] = runs;
  const paths = [...new Set(others.flatMap(({ spec }) => differences(first?.spec, spec).map(({ path }) => path)))];
  if (paths.length === 0) return html`<section><h2>Specifications</h2><p>All are alike.</p></section>` as VNode;
  return html`
    <section>
      <h2>Where the specifications differ</h2>
      ${table(
        runs,
        paths.map((path) => [path, runs.map(({ spec }) => show(fieldAt(spec, path)))] as const),
      )}
    </section>
  ` as VNode;
}

function fieldAt(spec: unknown, path: string): unknown {
  return path.split('.').reduce((value, name) => (isRecord(value) ? value[name] : undefined), spec);
}

/** Charts that are seen at once; the rest unfold. */
const chartsShown = 6;

function curvesSection(
  heading: string,
  runs: readonly ComparedRun[],
  phaseOf: (run: ComparedRun) => CurvePoint['phase'],
): VNode | null {
  const own = runs.map((run) => run.curve.filter(({ phase }) => phase === phaseOf(run)));
  const present = new Set(own.flatMap((points) => points.flatMap(({ metrics }) => Object.keys(metrics))));
  const names = [
    ...metricNames.filter((name) => present.has(name)),
    ...[...present].filter((name) => !metricNames.includes(name)).sort(),
  ];
  const charts = names.flatMap((name) => chartOf(heading, name, runs, own) ?? []);
  if (charts.length === 0) return null;
  return html`
    <section>
      <h2>${heading}</h2>
      <div class="legend">
        ${runs.map(({ id }, index) => html`<span class=${colourOf(index)}><i class="swatch"></i>${id}</span>`)}
      </div>
      <div class="grid-of-cards">${charts.slice(0, chartsShown)}</div>
      ${
        charts.length > chartsShown &&
        html`
          <details class="more">
            <summary>${charts.length - chartsShown} more curves, ${heading}</summary>
            <div class="grid-of-cards">${charts.slice(chartsShown)}</div>
          </details>
        `
      }
    </section>
  ` as VNode;
}

/** Undefined where no value is finite. */
function chartOf(
  heading: string,
  name: string,
  runs: readonly ComparedRun[],
  own: readonly (readonly CurvePoint[])[],
): VNode | undefined {
  const { title: metric, unit } = titleOfMetric(name);
  const series = runs.flatMap(({ id }, index): Series[] => {
    const points = (own[index] ?? []).flatMap(({ step, metrics: { [name]: y } }) =>
      y !== undefined && Number.isFinite(y) ? [{ x: step, y }] : [],
    );
    return points.length === 0 ? [] : [{ name: id, colour: colourOf(index), points }];
  });
  if (series.length === 0) return undefined;
  return html`
    <figure class="card">
      <figcaption>${metric}</figcaption>
      ${lineChart({
        title: `${heading}: ${metric} of each run`,
        xLabel: 'epoch or round',
        unit,
        series,
        width: 320,
        height: 190,
      })}
    </figure>
  ` as VNode;
}
