/** A model's answers in a report: some of the right ones, and as many of the wrong. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { type AnsweredQuestion, spread } from './answers.js';
import { short } from './lineChart.js';

/** Right answers shown, and as many wrong ones. */
const answersShown = 6;

/** Some right answers and as many wrong ones, each with its question. */
export function answersSection(all: readonly AnsweredQuestion[]): VNode | null {
  if (all.length === 0) return null;
  const right = all.filter((answer) => answer.correct);
  const wrong = all.filter((answer) => !answer.correct);
  const group = (title: string, items: readonly AnsweredQuestion[]) =>
    items.length === 0
      ? null
      : html`
          <h3>${title}</h3>
          <div class="grid-of-cards two">${spread(items, answersShown).map(answerCard)}</div>
        `;
  return html`
    <section>
      <h2>Answers</h2>
      <p class="soft">
        Greedy answers of the final model, picked at even distances from all ${all.length.toLocaleString('en')}.
      </p>
      ${group('Right', right)} ${group('Wrong', wrong)}
    </section>
  ` as VNode;
}

function answerCard(answer: AnsweredQuestion): VNode {
  const verdict = answer.correct
    ? 'right'
    : answer.value === null
      ? `no value${answer.failure ? `: ${answer.failure}` : ''}`
      : 'wrong';
  const parts = Object.entries(answer.parts ?? {});
  return html`
    <article class="card answer ${answer.correct ? 'right' : 'wrong'}">
      <p>${answer.question}</p>
      <pre>${answer.answer}${answer.truncated ? ' …' : ''}</pre>
      <dl>
        <div><dt>answer</dt><dd>${answer.value ?? 'none'}</dd></div>
        ${answer.truth !== null && html`<div><dt>truth</dt><dd>${answer.truth}</dd></div>`}
        ${parts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${short(value)}</dd></div>`)}
        <div><dd class="verdict">${verdict}</dd></div>
      </dl>
    </article>
  ` as VNode;
}
