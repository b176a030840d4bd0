/** What every report ends with: the work it took, notes, and the specification. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import type { Work } from './types.js';

/** Engine work by what it was for, and all of it together. */
export function compute(work: Readonly<Record<string, Work>>): VNode | null {
  const rows = Object.entries(work);
  if (rows.length === 0) return null;
  const columns: readonly { readonly name: string; of(work: Work): number }[] = [
    { name: 'engine seconds', of: (done) => done.engineSeconds },
    { name: 'tokens forward', of: (done) => done.forwardTokens },
    { name: 'tokens backward', of: (done) => done.backwardTokens },
    { name: 'tokens generated', of: (done) => done.generatedTokens },
  ];
  const whole = (value: number): string => Math.round(value).toLocaleString('en');
  return html`
    <section>
      <h2>Compute</h2>
      <div class="card scroll">
        <table>
          <thead>
            <tr><th>phase</th>${columns.map(({ name }) => html`<th>${name}</th>`)}</tr>
          </thead>
          <tbody>
            ${rows.map(
              ([name, done]) => html`
                <tr><th>${name}</th>${columns.map((column) => html`<td>${whole(column.of(done))}</td>`)}</tr>
              `,
            )}
          </tbody>
          <tfoot>
            <tr>
              <th>together</th>
              ${columns.map(({ of }) => html`<td>${whole(rows.reduce((sum, [, done]) => sum + of(done), 0))}</td>`)}
            </tr>
          </tfoot>
        </table>
      </div>
    </section>
  ` as VNode;
}

/** What a reader should know besides. */
export function notes(all: readonly string[]): VNode | null {
  if (all.length === 0) return null;
  return html`
    <section>
      <h2>Notes</h2>
      <div class="card"><ul>${all.map((note) => html`<li>${note}</li>`)}</ul></div>
    </section>
  ` as VNode;
}

export function specification(spec: unknown): VNode {
  return html`
    <section>
      <h2>Specification</h2>
      <details class="card">
        <summary>With every default filled in</summary>
        <pre>${JSON.stringify(spec, null, 2)}</pre>
      </details>
    </section>
  ` as VNode;
}
