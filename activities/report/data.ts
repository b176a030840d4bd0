/** What a run or a comparison learned from and was tested on: questions, files, and the rows that could not be used. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import type { DataFile, DroppedRows, PreparedData } from '../data/types.js';

export interface DataSummary {
  /** Questions in each set. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  readonly files: readonly DataFile[];
  readonly dropped: Readonly<Record<string, DroppedRows>>;
}

export function summariseData({ train, validation, test, files, dropped }: PreparedData): DataSummary {
  return { train: train.count, validation: validation.count, test: test.count, files, dropped };
}

export function dataSection(summary: DataSummary): VNode {
  return html`
    <section>
      <h2>Data</h2>
      ${dataCard(summary)}
    </section>
  ` as VNode;
}

function dataCard({ train, validation, test, files, dropped }: DataSummary): VNode {
  return html`
    <div class="card scroll">
      <p>
        ${whole(train)} training questions, ${whole(validation)} held out of them for validation,
        ${' '}${whole(test)} test questions.
      </p>
      ${files.length > 0 && fileTable(files)} ${Object.keys(dropped).length > 0 && droppedTable(dropped)}
    </div>
  ` as VNode;
}

function fileTable(files: readonly DataFile[]): VNode {
  return html`
    <table>
      <thead>
        <tr><th>file</th><th>rows</th><th>sha256</th></tr>
      </thead>
      <tbody>
        ${files.map(
          ({ name, rows, sha256 }) => html`
            <tr><th>${name}</th><td>${whole(rows)}</td><td><code>${sha256.slice(0, 16)}</code></td></tr>
          `,
        )}
      </tbody>
    </table>
  ` as VNode;
}

function droppedTable(dropped: DataSummary['dropped']): VNode {
  return html`
    <table>
      <thead>
        <tr><th>rows left out because</th><th>rows</th><th>among them</th></tr>
      </thead>
      <tbody>
        ${Object.entries(dropped).map(
          ([reason, { count, examples }]) => html`
            <tr>
              <th>${reason}</th>
              <td>${whole(count)}</td>
              <td class="wrap">${examples.join(', ')}${count > examples.length ? ', …' : ''}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  ` as VNode;
}

function whole(count: number): string {
  return count.toLocaleString('en');
}
