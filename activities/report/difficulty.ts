/** How often the warm-up model was right on the training questions, and which of them its method trained on. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import type { DifficultySpec } from '../../workflows/config/difficulty.js';

export interface DifficultySummary extends DifficultySpec {
  /** Training questions measured, and of them those that were trained on. */
  readonly measured: number;
  readonly kept: number;
  /** Questions by how many of their samples were right: none, one, … all. */
  readonly histogram: readonly number[];
  /** The object with each question's: lines of `{id, right, samples}`. */
  readonly passRates: { readonly key: string; readonly sha256: string; readonly bytes: number };
}

/** Nothing where no difficulty was measured. */
export function difficultySection(summary: DifficultySummary | undefined): VNode | null {
  if (summary === undefined) return null;
  const { measured, kept, histogram, samplesPerQuestion, min, max, order } = summary;
  const whole = (count: number): string => count.toLocaleString('en');
  return html`
    <section>
      <h2>Difficulty</h2>
      <div class="card scroll">
        <p>
          The warm-up model answered each of ${whole(measured)} training questions ${samplesPerQuestion} times.
          ${' '}${whole(kept)} with a pass rate from ${min} to ${max} were trained on${order === 'easy-first' ? ', easy ones first' : ''}.
        </p>
        <table>
          <thead>
            <tr><th>right answers</th><th>questions</th><th>share</th></tr>
          </thead>
          <tbody>
            ${histogram.map(
              (count, right) =>
                count > 0 &&
                html`
                  <tr>
                    <th>${right} of ${samplesPerQuestion}</th>
                    <td>${whole(count)}</td>
                    <td>${((100 * count) / measured).toFixed(1)} %</td>
                  </tr>
                `,
            )}
          </tbody>
        </table>
      </div>
    </section>
  ` as VNode;
}
