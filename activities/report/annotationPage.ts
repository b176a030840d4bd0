/** The report of an annotation: its card, which says what the rows are made of, what came of the answers and what they took. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import type { AnnotationSpec } from '../../workflows/config/annotation.js';
import type { ChatMessage } from '../annotation/chatCompletion.js';
import type { Usage } from '../annotation/ledger.js';
import { type DataSummary, dataSection } from './data.js';
import { renderDocument } from './document.js';
import { specification } from './sections.js';

/** What a data set of annotated answers is. The same answers give the same card. */
export interface AnnotationCard {
  readonly title: string;
  readonly source: DataSummary;
  readonly annotator: {
    readonly kind: string;
    readonly model: string;
    readonly url?: string;
    readonly temperature?: number;
  };
  /** The conversation before the question. */
  readonly prompt: readonly ChatMessage[];
  readonly keep: AnnotationSpec['keep'];
  /** Asked, and those of them that have a row at least. */
  readonly questions: number;
  readonly annotated: number;
  readonly rows: number;
  /** Right answers left out because another says the same. */
  readonly duplicates: number;
  /** Answers by what became of them: `right`, `wrong`, or why there is no answer in them. */
  readonly yields: Readonly<Record<string, number>>;
  readonly used: Usage;
  readonly cost: number;
  /** The budget that ended it early. */
  readonly stopped: string | null;
  /** Of the rows. */
  readonly sha256: string;
}

export interface AnnotationReport {
  readonly annotationId: string;
  readonly card: AnnotationCard;
  readonly spec: unknown;
}

/** In a line. */
export function annotationLine({ annotated, questions, rows, used, cost, stopped }: AnnotationCard): string {
  const share = questions === 0 ? 0 : (100 * annotated) / questions;
  const end = stopped === null ? '' : `, stopped by the budget of ${stopped}`;
  return `${annotated} of ${questions} questions annotated (${share.toFixed(1)} %), ${rows} rows; ${used.requests} answers, cost ${money(cost)}${end}`;
}

export function money(amount: number): string {
  return amount === 0 ? '0' : amount.toPrecision(3);
}

/** The same annotation always gives the same bytes. */
export function renderAnnotation({ annotationId, card, spec }: AnnotationReport): string {
  const { title, annotator, prompt, duplicates, yields, used, sha256 } = card;
  const rows: readonly (readonly [string, string])[] = [
    ['annotator', annotator.model],
    ['prompt tokens', used.promptTokens.toLocaleString('en')],
    ['answer tokens', used.completionTokens.toLocaleString('en')],
    ['the same as another', duplicates.toLocaleString('en')],
    ...Object.entries(yields).map(([reason, count]) => [`answers: ${reason}`, count.toLocaleString('en')] as const),
  ];
  const content = html`
    <header>
      <h1>${title}</h1>
      <p class="lead soft">${annotationLine(card)}.</p>
    </header>
    <section>
      <h2>Answers</h2>
      <div class="card">
        <table class="metrics">
          <tbody>
            ${rows.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)}
          </tbody>
        </table>
        <p class="explain soft">The rows have the sha256 <code>${sha256}</code>.</p>
      </div>
    </section>
    ${prompt.length > 0 && promptSection(prompt)} ${dataSection(card.source)} ${specification(spec)}
    <footer>Annotation <code>${annotationId}</code></footer>
  ` as VNode;
  return renderDocument(title, content);
}

function promptSection(prompt: readonly ChatMessage[]): VNode {
  return html`
    <section>
      <h2>Prompt</h2>
      <div class="card">
        ${prompt.map(({ role, content }) => html`<p class="explain soft">${role}</p><pre>${content}</pre>`)}
      </div>
    </section>
  ` as VNode;
}
