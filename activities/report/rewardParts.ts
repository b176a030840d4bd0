/** The parts of a reward in a report's results: a row a part, a column a model. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { short } from './lineChart.js';
import type { EvaluatedModel } from './metrics.js';

/** Nothing where no model's reward has parts. */
export function rewardPartsCard(models: readonly EvaluatedModel[]): VNode | null {
  const parts = [...new Set(models.flatMap(({ metrics }) => Object.keys(metrics.rewardParts ?? {})))];
  if (parts.length === 0) return null;
  return html`
    <div class="card">
      <div class="scroll">
        <table class="metrics">
          <thead>
            <tr>
              <th>Part of the reward</th>
              ${models.map(({ id, name }) => html`<th class=${id}>${name && html`<i class="swatch"></i>`}${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${parts.map(
              (part) => html`
                <tr>
                  <th>${part}</th>
                  ${models.map(({ metrics }) => {
                    const mean = metrics.rewardParts?.[part];
                    return html`<td>${mean !== undefined && html`<b>${short(mean)}</b>`}</td>`;
                  })}
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
      <p class="explain soft">Means over the greedy answers to the test questions.</p>
    </div>
  ` as VNode;
}
