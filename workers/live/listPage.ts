/** The first page of the live reports: what runs, and what ran lately, with a link to each. Pure. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { runKind } from '../command/kinds.js';
import type { Row } from '../command/list.js';
import { pathOf } from './address.js';
import { headerAsOf, renderLiveDocument } from './document.js';

const title = 'Runs';

export function renderListPage(rows: readonly Row[], asOf: Date): string {
  const content = html`
    ${headerAsOf(title, asOf)}
    ${rows.length === 0 ? html`<p>There are none yet: <code>npx reft run demo</code> starts one.</p>` : table(rows)}
  ` as VNode;
  return renderLiveDocument(title, content);
}

function table(rows: readonly Row[]): VNode {
  return html`
    <form action="/compare" class="card scroll">
      <table>
        <thead>
          <tr><th>id</th><th>type</th><th>state</th><th>started, UTC</th><th>phase</th><th>round</th><th>accuracy</th><th>compare</th></tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ id, type, state, started, phase, round, accuracy }) => html`
              <tr>
                <th><a href=${pathOf(id)}>${id}</a></th>
                <td>${type}</td>
                <td>${state}</td>
                <td>${started.slice(0, 16).replace('T', ' ')}</td>
                <td>${phase}</td>
                <td>${round}</td>
                <td>${accuracy !== null && `${accuracy.toFixed(1)} %`}</td>
                <td>
                  ${type === runKind.type && html`<input type="checkbox" name="run" value=${id} aria-label=${`compare ${id}`} />`}
                </td>
              </tr>
            `,
          )}
        </tbody>
      </table>
      <button>Show side by side</button>
    </form>
  ` as VNode;
}
