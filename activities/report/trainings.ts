/** The trainings of a comparison: how long each was, when it was best, and its last metrics. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { trainingTitle } from '../../workflows/config/measures.js';
import { percent } from '../../workflows/config/metricText.js';
import { titleOfMetric } from '../../workflows/config/metricTitles.js';
import { short } from './lineChart.js';
import type { ComparedTraining } from './types.js';

/** What tells most of whether a training was sound; all metrics are in `result.json`. */
const shown = [
  'reward',
  'sampleAccuracy',
  'truncated',
  'groupsWithoutSignal',
  'answerLength',
  'klPerToken',
  'klPerSequence',
  'entropyPerSequence',
  'clipFractionHigh',
  'clipFractionLow',
  'samplerMismatch',
  'gradientNorm',
] as const;

export function trainingsSection(all: readonly ComparedTraining[], severalWarmUps: boolean): VNode | null {
  if (all.length === 0) return null;
  const columns = shown.filter((name) => all.some(({ metrics }) => metrics[name] !== undefined));
  const cell = (value: number | undefined): string => (value === undefined ? '' : short(value));
  return html`
    <section>
      <h2>Trainings</h2>
      <div class="card scroll">
        <table>
          <thead>
            <tr>
              <th></th><th>best after</th><th>validation, %</th>
              ${columns.map((name) => html`<th>${titleOfMetric(name).title}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${all.map(
              (training) => html`
                <tr>
                  <th>${trainingTitle(training, severalWarmUps)}</th>
                  <td>${training.step} of ${training.done}</td>
                  <td>${percent(training.accuracy)}</td>
                  ${columns.map((name) => html`<td>${cell(training.metrics[name])}</td>`)}
                </tr>
              `,
            )}
          </tbody>
        </table>
        <p class="explain soft">Epochs or rounds, accuracy at the best of them, and the metrics of the last.</p>
      </div>
    </section>
  ` as VNode;
}
