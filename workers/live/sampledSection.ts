/** A few questions of the newest round with the answers that were sampled for them, and what each earned. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { short } from '../../activities/report/lineChart.js';
import type { SampledAnswer, SampledQuestion, SampledRound } from './liveRun.js';

export function sampledSection(sampled: SampledRound | undefined): VNode | null {
  if (sampled === undefined || sampled.questions.length === 0) return null;
  return html`
    <section>
      <h2>Sampled in round ${sampled.round}</h2>
      <div class="grid-of-cards two">${sampled.questions.map(questionCard)}</div>
    </section>
  ` as VNode;
}

function questionCard({ question, truth, answers, more }: SampledQuestion): VNode {
  return html`
    <article class="card sampled">
      <p>${question}</p>
      ${truth !== null && html`<p class="soft">truth <b>${truth}</b></p>`}
      ${answers.map(answerOf)} ${more > 0 && html`<p class="soft">and ${more} more</p>`}
    </article>
  ` as VNode;
}

function answerOf(answer: SampledAnswer): VNode {
  const { text, truncated, value, reward, correct, failure } = answer;
  const found = value === null ? `no value${failure ? `: ${failure}` : ''}` : `answer ${value}`;
  const parts = Object.entries(answer.parts ?? {});
  return html`
    <div class="answer ${correct ? 'right' : 'wrong'}">
      <pre>${text}${truncated ? ' …' : ''}</pre>
      <dl>
        <div><dt>reward</dt><dd>${short(reward)}</dd></div>
        ${parts.map(([name, earned]) => html`<div><dt>${name}</dt><dd>${short(earned)}</dd></div>`)}
        <div><dd class="verdict">${found}, ${correct ? 'right' : 'wrong'}</dd></div>
      </dl>
    </div>
  ` as VNode;
}
