/** Runs side by side: results, where their specifications differ, and curves of several runs in one chart. */
import { expect, it } from 'vitest';
import { renderComparedPage } from '../../../workers/live/comparedPage.js';
import type { ComparedRun } from '../../../workers/live/comparedRuns.js';
import { resolveSpec } from '../../../workflows/config/resolve.js';
import { metricsOf } from '../../activities/report/sampleReport.js';

const asOf = new Date('2026-11-28T20:15:09Z');
const run = (id: string, input: object, more: Partial<ComparedRun> = {}): ComparedRun => ({
  ...{ id, state: 'running', startedAt: asOf, spec: resolveSpec({ preset: 'demo', ...input }), curve: [], metrics: {} },
  ...more,
});
const section = (page: string, title: string): string =>
  page.split('<section>').find((part) => part.includes(`<h2>${title}</h2>`)) ?? '';

const first = run(
  'mine-1',
  {},
  {
    state: 'completed',
    metrics: { warmUp: metricsOf(418, 447, 401, 688), reft: metricsOf(681, 689, 672, 803) },
    curve: [
      { phase: 'warm-up', step: 1, metrics: { loss: 2 } },
      { phase: 'ppo', step: 1, metrics: { reward: 0.5, ratio: Number.NaN } },
      { phase: 'ppo', step: 2, metrics: { reward: 0.625 } },
    ],
  },
);
const second = run(
  '<b>mine-2',
  { method: 'grpo', seed: 7 },
  { curve: [{ phase: 'grpo', step: 2, metrics: { reward: 0.75 } }] },
);

it('has the results of those that were measured, of the model that each was made for', () => {
  const results = section(renderComparedPage([first, second], asOf), 'Results');
  expect(results).toContain('<tr><th>state</th><td>completed</td><td>running</td></tr>');
  expect(results).toContain('<tr><th>method</th><td>reft</td><td>grpo</td></tr>');
  expect(results).toMatch(/<tr><th>greedy<\/th><td>68\.1 \([\d.–]+\)<\/td><td><\/td><\/tr>/);
});

it('shows where the specifications differ, and nothing else of them', () => {
  const specs = section(
    renderComparedPage([first, second, run('mine-3', { seed: 7 })], asOf),
    'Where the specifications differ',
  );
  expect(specs).toMatch(/<tr><th>seed<\/th><td>\d+<\/td><td>7<\/td><td>7<\/td><\/tr>/);
  expect(specs).toContain('<th>method</th><td>&quot;reft&quot;</td><td>&quot;grpo&quot;</td><td>&quot;reft&quot;</td>');
  expect(specs.match(/<tr>/g)).toHaveLength(3);
  expect(renderComparedPage([first, run('mine-3', {})], asOf)).toContain('All are alike.');
});

it('draws each metric of all runs in one chart, whatever their methods are called', () => {
  const page = renderComparedPage([first, second], asOf);
  const training = section(page, 'Training');
  expect(training.match(/<figure/g)).toHaveLength(1);
  expect(training).toContain('aria-label="Training: Mean reward of each run"');
  expect(training).toContain('mine-1, epoch or round 2: 0.625');
  expect(training).toContain('&lt;b>mine-2, epoch or round 2: 0.75');
  expect(section(page, 'Warm-up')).toContain('mine-1, epoch or round 1: 2 nats');
  expect(page).not.toMatch(/NaN|undefined|<b>mine/);
});
