/** Signs of collapse while training, for the reports of runs and comparisons. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import type { TrainingWarning } from './types.js';

/** `training` names the one that a warning is about, where there are several. */
export interface ShownWarning extends TrainingWarning {
  readonly training?: string;
}

export function warningsSection(all: readonly ShownWarning[]): VNode | null {
  if (all.length === 0) return null;
  return html`
    <section>
      <h2>Warnings</h2>
      <div class="card">
        <ul>${all.map((warning) => html`<li><b>${place(warning)}</b>: ${warning.message}.</li>`)}</ul>
      </div>
    </section>
  ` as VNode;
}

/** `Rounds 3–12`, `ReFT, seed 3, rounds 3–12`. */
function place({ training, from, to }: ShownWarning): string {
  const rounds = from === to ? `ound ${from}` : `ounds ${from}–${to}`;
  return training === undefined ? `R${rounds}` : `${training}, r${rounds}`;
}
