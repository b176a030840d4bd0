/** The page of the live report, from a run in the middle of its PPO: what it tells, that it is whole, and hostile text in it. */
import { describe, expect, it } from 'vitest';
import { renderListPage } from '../../../workers/live/listPage.js';
import type { LiveRun } from '../../../workers/live/liveRun.js';
import { renderLivePage } from '../../../workers/live/page.js';
import { resolveSpec } from '../../../workflows/config/resolve.js';
import type { PhaseProgress } from '../../../workflows/monitoring/describePhase.js';
import type { Progress } from '../../../workflows/monitoring/progress.js';
import { sampleReport } from '../../activities/report/sampleReport.js';

const startedAt = new Date('2026-11-28T20:00:00Z');
const asOf = new Date('2026-11-28T20:15:09Z');
const began = (seconds: number): number => startedAt.getTime() + 1_000 * seconds;

const warmUp: PhaseProgress = {
  ...{ phase: 'warm-up', unit: 'epoch', round: 20, rounds: 20, metrics: { loss: 0.25 } },
  ...{ unitSeconds: 12, etaSeconds: 0, startedAt: began(9) },
};
const ppo: PhaseProgress = {
  ...{ phase: 'ppo', unit: 'round', round: 20, rounds: 80, metrics: { reward: 0.62, validationAccuracy: 66 } },
  ...{ unitSeconds: 15, etaSeconds: 900, startedAt: began(309) },
};
const progress: Progress = {
  ...ppo,
  phases: [
    { phase: 'prepare', unit: 'step', round: 1, rounds: 1, metrics: { questions: 2_827 }, startedAt: began(0) },
    warmUp,
    ppo,
  ],
  plan: [
    { phase: 'warm-up', work: 100, isBeside: false },
    { phase: 'ppo', work: 300, isBeside: false },
  ],
  paused: false,
  stopping: false,
  waiting: [],
  warnings: [{ kind: 'mostly-truncated', message: 'answers have no end', from: 3, to: 7 }],
  elapsedSeconds: 909,
};

const hostile = '</pre><script>alert(1)</script><img src=x onerror=alert(2)>';

const running: LiveRun = {
  id: 'demo-1',
  state: 'running',
  startedAt,
  asOf,
  uiUrl: 'http://127.0.0.1:8233/namespaces/default/workflows/demo-1',
  progress,
  baseline: undefined,
  report: {
    title: 'ReFT demo',
    spec: resolveSpec({ preset: 'demo' }),
    metrics: {},
    work: sampleReport.work,
    notes: ['Started from "nothing".'],
  },
  curve: [
    { phase: 'ppo', step: 19, metrics: { reward: 0.5, 'reward.style': 0.125, 'failed.syntax': 9 } },
    {
      phase: 'ppo',
      step: 20,
      metrics: { reward: 0.625, rewardRight: 0.6, rewardExtracted: 0.025, 'reward.style': 0.375, 'failed.syntax': 4 },
    },
  ],
  sampled: {
    round: 21,
    questions: [
      {
        question: `How many pencils? ${hostile}`,
        truth: 42,
        answers: [
          { text: '    return 42', value: 42, reward: 1, correct: true, truncated: false, parts: { style: 0.75 } },
          {
            text: `    return ${hostile}`,
            value: null,
            reward: -0.25,
            correct: false,
            truncated: true,
            failure: 'syntax',
          },
        ],
        more: 2,
      },
    ],
  },
  troubles: [],
  underWay: '32 of 48 answers',
  workers: ['host node-7, process 4711: reft, reft-engine'],
  machine: [
    ['host', 'node-7'],
    ['git revision', '7c4d58d0be11'],
  ],
};

const brokenNumber = /NaN|Infinity|undefined|\[object/;
/** Between two headings. */
const section = (page: string, title: string): string =>
  page.split('<section>').find((part) => part.includes(`<h2>${title}</h2>`)) ?? '';

describe('the page of a run under way', () => {
  const page = renderLivePage(running);

  it('says that it is no final report, as of when, and how far the whole run is', () => {
    expect(page).toContain(
      '<strong>In progress</strong>, as of <time datetime="2026-11-28T20:15:09.000Z">2026-11-28 20:15:09 UTC</time>',
    );
    // 240 and 300 seconds of 1,440.
    expect(page).toContain('37 % after 15:09, about 15:00 left');
    expect(page).toContain('<a href="http://127.0.0.1:8233/namespaces/default/workflows/demo-1">');
    expect(page).not.toMatch(brokenNumber);
  });

  it('tells of each phase how far it is, how long it took and what is left', () => {
    const phases = section(page, 'Phases');
    expect(phases).toMatch(/<th>Warm-up<\/th><td>epoch 20 of 20<\/td><td>5:00<\/td><td><\/td>/);
    expect(phases).toMatch(
      /<th>PPO<\/th><td>round 20 of 80<small>32 of 48 answers<\/small><\/td><td>10:00<\/td><td>15:00<\/td>/,
    );
    expect(phases).toContain('reward 0.62, validation 66.0 %');
  });

  it('shows the newest round: rewards by part, failures of programs, samples with what they earned', () => {
    const round = section(page, 'Round 20');
    expect(round).toContain('<tr><th>all of it</th><td>0.625</td></tr>');
    expect(round).toContain('<tr><th>style</th><td>0.375</td></tr>');
    expect(round).toContain('<tr><th>syntax</th><td>4</td></tr>');
    const sampled = section(page, 'Sampled in round 21');
    expect(sampled).toContain('truth <b>42</b>');
    expect(sampled).toContain('<dt>reward</dt><dd>-0.25</dd>');
    expect(sampled).toContain('<dt>style</dt><dd>0.75</dd>');
    expect(sampled).toContain('no value: syntax, wrong');
    expect(sampled).toContain('and 2 more');
  });

  it('has what the final report has: curves, warnings, compute, notes, specification', () => {
    expect(page).toContain('ReFT: Mean reward by PPO round');
    // How long a training is to be is not in its curve.
    const whole = renderLivePage({ ...running, curve: sampleReport.curve });
    expect(whole).toContain('SFT, continued: Validation accuracy by epoch');
    expect(whole).not.toContain('% of its training');
    for (const title of ['Warnings', 'Training', 'Compute', 'Notes', 'Specification', 'Where'])
      expect(section(page, title), title).not.toBe('');
    expect(section(page, 'Where')).toContain('host node-7, process 4711: reft, reft-engine');
    expect(section(page, 'Where')).toContain('7c4d58d0be11');
  });

  it('escapes all text, and has one script, which its policy names', () => {
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img');
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).toMatch(
      /default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-[\w+/]{43}='; connect-src 'self'/,
    );
  });

  it('shows the results of the models that have been measured', () => {
    expect(section(page, 'Results')).toBe('');
    const { report } = running;
    const { warmUp: measured } = sampleReport.metrics;
    const later = renderLivePage({ ...running, report: report && { ...report, metrics: { warmUp: measured } } });
    expect(section(later, 'Results')).toContain('<b>41.8</b>');
  });
});

describe('the page of a run that', () => {
  it('has just begun is whole', () => {
    const notBegun: Progress = {
      ...{ phase: 'prepare', unit: 'step', round: 0, rounds: 1, metrics: {}, phases: [], plan: [], elapsedSeconds: 0 },
      ...{ paused: false, stopping: false, waiting: [], warnings: [] },
    };
    const { report: _, sampled: __, ...rest } = running;
    const page = renderLivePage({ ...rest, report: undefined, sampled: undefined, curve: [], progress: notBegun });
    expect(page).toContain('<h1>demo-1</h1>');
    expect(page).toContain('0 % after 15:09');
    expect(page).not.toMatch(brokenNumber);
  });

  it('waits, has troubles or is not answered for says so', () => {
    const waiting: Progress = { ...progress, paused: true, waiting: ['the disk is full'] };
    const page = renderLivePage({ ...running, progress: waiting, troubles: ['rollout has failed 3 times'] });
    expect(section(page, 'Look at this')).toMatch(
      /Paused.*Waiting: the disk is full.*Trouble: rollout has failed 3 times/s,
    );
    const unanswered = renderLivePage({ ...running, progress: 'No worker answers', report: undefined, curve: [] });
    expect(section(unanswered, 'Look at this')).toContain('No worker answers');
    expect(section(unanswered, 'Phases')).toBe('');
  });

  it('has failed is not in progress', () => {
    expect(renderLivePage({ ...running, state: 'failed' })).toContain('<strong>This run is failed</strong>');
  });
});

it('the list leads to each run, by ids of any form', () => {
  const row = {
    type: 'reft',
    state: 'running',
    started: '2026-11-28T20:00:00.000Z',
    phase: 'ppo',
    round: 3,
    accuracy: 66,
  };
  const page = renderListPage([{ id: 'a/b <c>', ...row }], asOf);
  expect(page).toContain('<a href="/runs/a%2Fb%20%3Cc%3E">a/b &lt;c></a>');
  expect(page).toContain('<td>66.0 %</td>');
  expect(page).toContain('<input type="checkbox" name="run" value="a/b &lt;c>" aria-label="compare a/b &lt;c>"/>');
  expect(renderListPage([{ id: 'c', ...row, type: 'compare' }], asOf)).not.toContain('<input');
  expect(renderListPage([], asOf)).toContain('There are none yet');
});
