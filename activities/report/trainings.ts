/** The trainings of a comparison: how long each was, when it was best, and its last metrics. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { modelTitle } from '../../workflows/config/measures.js';
import { percent } from '../../workflows/config/metricText.js';
import { metricTitle } from './curves.js';
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

/** `ReFT, seed 3`. */
export function trainingTitle({ model, seed }: Pick<ComparedTraining, 'model' | 'seed'>): string {
  return `${modelTitle(model)}, seed ${seed}`;
}

export function trainingsSection(all: readonly ComparedTraining[]): VNode | null {
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
              ${columns.map((name) => html`<th>${metricTitle(name)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${all.map(
              (training) => html`
                <tr>
                  <th>${trainingTitle(training)}</th>
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
