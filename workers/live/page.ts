/**
 * The live report: the page of a run's report while the run goes on, with what there is so far. Pure. All text is escaped as in
 * every report (`activities/report/document.ts`), and the page may ask nobody but the server that it came from.
 */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { phaseCurves } from '../../activities/report/curves.js';
import { dataSection, summariseData } from '../../activities/report/data.js';
import { short } from '../../activities/report/lineChart.js';
import { results, training } from '../../activities/report/page.js';
import { compute, notes, specification } from '../../activities/report/sections.js';
import type { CurvePoint } from '../../activities/report/types.js';
import { warningsSection } from '../../activities/report/warnings.js';
import { metricsOf, type PhaseProgress, positionOf, titleOf } from '../../workflows/monitoring/describePhase.js';
import { whenMended } from '../../workflows/monitoring/progress.js';
import { wholeRun } from '../../workflows/monitoring/wholeRun.js';
import { clock } from '../clock.js';
import { inUtc, renderLiveDocument } from './document.js';
import type { LiveRun } from './liveRun.js';
import { sampledSection } from './sampledSection.js';

/** The whole page, `<!doctype html>` included. */
export function renderLivePage(run: LiveRun): string {
  const { id, report, progress } = run;
  const title = report?.title ?? id;
  const content = html`
    ${header(run, title)} ${attention(run)} ${phases(run)} ${warningsSection(typeof progress === 'string' ? [] : progress.warnings)}
    ${measured(run)} ${latestRound(run.curve)} ${sampledSection(run.sampled)} ${training(phaseCurves(run.curve), false)}
    ${report?.data && dataSection(summariseData(report.data))} ${report && compute(report.work)} ${report && notes(report.notes)}
    ${whereSection(run)} ${report && specification(report.spec)}
    <footer>Run <code>${id}</code></footer>
  ` as VNode;
  return renderLiveDocument(title, content);
}

function header(run: LiveRun, title: string): VNode {
  const { state, asOf, startedAt, uiUrl, progress } = run;
  const told = state === 'running' ? 'In progress' : `This run is ${state}`;
  const whole = typeof progress === 'string' ? undefined : progress.plan && wholeRun(progress.plan, allPhases(run));
  const elapsed = clock((asOf.getTime() - startedAt.getTime()) / 1_000);
  return html`
    <header>
      <h1>${title}</h1>
      <p class="lead soft">
        <strong>${told}</strong>, as of <time datetime=${asOf.toISOString()}>${inUtc(asOf)}</time>
        <span class="lost" hidden>: the server no longer answers</span>
      </p>
      ${whole && wholeBar(whole, elapsed)}
      <p class="soft">
        Started <time datetime=${startedAt.toISOString()}>${inUtc(startedAt)}</time>.
        ${uiUrl !== undefined && html`${' '}<a href=${uiUrl}>Every step in Temporal’s UI</a>`}
      </p>
    </header>
  ` as VNode;
}

function wholeBar({ done, secondsLeft }: ReturnType<typeof wholeRun>, elapsed: string): VNode {
  const share = `${Math.floor(100 * done)} %`;
  const left = secondsLeft === undefined ? '' : `, about ${clock(secondsLeft)} left`;
  return html`
    <div class="whole">
      <progress max="1" value=${done} aria-label="The whole run">${share}</progress>
      <span>${share} after ${elapsed}${left}</span>
    </div>
  ` as VNode;
}

function allPhases({ progress, baseline }: LiveRun): readonly PhaseProgress[] {
  return [...(typeof progress === 'string' ? [] : progress.phases), ...(baseline ? baseline.phases : [])];
}

/** What somebody may have to do something about. */
function attention({ progress, troubles }: LiveRun): VNode | null {
  const told = typeof progress === 'string' ? [progress] : stateOf(progress);
  const lines = [...told, ...troubles.map((trouble) => `Trouble: ${trouble}`)];
  if (lines.length === 0) return null;
  return html`
    <section><h2>Look at this</h2><div class="card"><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul></div></section>
  ` as VNode;
}

function stateOf({ paused, stopping, waiting, notObeyed }: Exclude<LiveRun['progress'], string>): readonly string[] {
  return [
    ...(paused ? ['Paused until the update "resume".'] : []),
    ...(stopping ? ['Stopping early: what there is is evaluated and reported.'] : []),
    ...waiting.map((reason) => `Waiting: ${reason} (${whenMended})`),
    ...(notObeyed ?? []),
  ];
}

function phases(run: LiveRun): VNode | null {
  const { progress, baseline } = run;
  if (typeof progress === 'string') return null;
  const rows = [progress, ...(baseline ? [baseline] : [])].flatMap(({ phases: own }) =>
    own.flatMap((phase, index) => (phase.rounds === 0 ? [] : [{ phase, until: own[index + 1]?.startedAt }])),
  );
  const current = progress.phase;
  return html`
    <section>
      <h2>Phases</h2>
      <div class="card scroll">
        <table class="phases">
          <thead><tr><th>phase</th><th>done</th><th>took</th><th>left</th><th>latest</th></tr></thead>
          <tbody>
            ${rows.map(
              ({ phase, until }) => html`
                <tr>
                  <th>${titleOf(phase)}</th>
                  <td>${positionOf(phase)}${phase.phase === current && run.underWay !== '' && html`<small>${run.underWay}</small>`}</td>
                  <td>${tookOf(phase, until, run)}</td>
                  <td>${leftOf(phase)}</td>
                  <td class="wrap">${metricsOf(phase).join(', ')}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
        ${progress.table && html`<pre>${progress.table.map((row) => row.replaceAll('**', '')).join('\n')}</pre>`}
        ${progress.memory && html`<p class="explain soft">${progress.memory}</p>`}
      </div>
    </section>
  ` as VNode;
}

/** Up to the beginning of the next; of the one under way up to now. */
function tookOf(phase: PhaseProgress, until: number | undefined, { asOf, state }: LiveRun): string {
  const { startedAt, round, rounds } = phase;
  if (startedAt === undefined) return '';
  if (until !== undefined) return clock((until - startedAt) / 1_000);
  return state === 'running' && round < rounds ? clock((asOf.getTime() - startedAt) / 1_000) : '';
}

function leftOf({ etaSeconds, round, rounds }: PhaseProgress): string {
  return etaSeconds === undefined || round >= rounds ? '' : clock(etaSeconds);
}

/** Of the models that have been asked the test questions, once the first of them has. */
function measured({ report }: LiveRun): VNode | null {
  const warmUp = report?.metrics.warmUp;
  return warmUp === undefined ? null : results({ ...report?.metrics, warmUp });
}

/** What the newest round's answers earned, part by part, and what kept others from having a value. */
function latestRound(curve: readonly CurvePoint[]): VNode | null {
  const last = curve.filter(({ metrics }) => metrics.reward !== undefined).at(-1);
  if (last === undefined) return null;
  const named = (prefix: string) =>
    Object.entries(last.metrics).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    );
  const { reward, rewardRight, rewardExtracted } = last.metrics;
  const parts = [
    ['all of it', reward],
    ['of right answers', rewardRight],
    ['of all others', rewardExtracted],
    ...named('reward.'),
  ] as const;
  const failures = named('failed.');
  return html`
    <section>
      <h2>Round ${last.step}</h2>
      <div class="grid-of-cards two">
        ${figures('Reward', 'mean of an answer', parts)} ${failures.length > 0 && figures('Answers without a value', 'answers', failures)}
      </div>
    </section>
  ` as VNode;
}

function figures(title: string, unit: string, rows: readonly (readonly [string, number | undefined])[]): VNode {
  return html`
    <div class="card scroll">
      <table>
        <thead><tr><th>${title}</th><th>${unit}</th></tr></thead>
        <tbody>
          ${rows.map(([name, value]) => value !== undefined && html`<tr><th>${name}</th><td>${short(value)}</td></tr>`)}
        </tbody>
      </table>
    </div>
  ` as VNode;
}

function whereSection({ workers, machine }: LiveRun): VNode {
  const rows = [
    ...workers.map((worker) => ['worker', worker] as const),
    ...machine.map(([name, value]) => [`here: ${name}`, value] as const),
  ];
  return html`
    <section>
      <h2>Where</h2>
      <div class="card scroll">
        <table class="where">
          <tbody>${rows.map(([name, value]) => html`<tr><th>${name}</th><td class="wrap">${value}</td></tr>`)}</tbody>
        </table>
        <p class="explain soft">Workers are those that ask for tasks now; “here” is the machine that serves this page.</p>
      </div>
    </section>
  ` as VNode;
}
