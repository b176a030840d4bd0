/** The report page and the result tables: what they say, that they are whole by themselves, and hostile text in them. */
import { describe, expect, test } from 'vitest';
import { spread } from '../../../activities/report/answers.js';
import { phaseCurves } from '../../../activities/report/curves.js';
import { renderReport } from '../../../activities/report/page.js';
import { renderPartialReport } from '../../../activities/report/partialPage.js';
import { resultLine, resultTable } from '../../../activities/report/table.js';
import type { CurvePoint } from '../../../activities/report/types.js';
import { accuracy, answers, metricsOf, sampleReport } from './sampleReport.js';

const { metrics } = sampleReport;
const onlyWarmUp = { warmUp: { top1: accuracy(410), samples: 0 } };

/** Numbers between quotes or brackets, as a browser would have to draw them. */
const brokenNumber = /NaN|Infinity|undefined|\[object/;

describe('tables', () => {
  test('the line names every model, then the last one by measure', () => {
    expect(resultLine(metrics)).toBe(
      'warm-up 41.8 | SFT 53.1 | ReFT 68.1 | voting@8 68.9 | reranking@8 67.2 | weighted voting@8 70.1 | upper bound@8 80.3',
    );
    expect(resultLine(onlyWarmUp)).toBe('warm-up 41.0');
    expect(resultLine({ warmUp: metrics.warmUp, sft: metricsOf(500, 510, 490, 700) })).toMatch(
      /SFT 50.0 \| voting@8 51.0/,
    );
  });

  test('the table has a row a measure with intervals, within 80 columns', () => {
    const table = resultTable(metrics);
    expect(table).toMatch(/greedy +│ 41.8 \(38.7–44.9\) │ 53.1 \(50.0–56.2\) │ 68.1 \(65.2–71.0\) │/);
    expect(table).toMatch(/│ +│ +warm-up │ +SFT │ +ReFT │/);
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours would garble a log file.
    expect(table).not.toMatch(/\u001b/);
  });

  test('a measure that a model lacks leaves its cell empty', () => {
    const table = resultTable({ warmUp: { top1: accuracy(410), samples: 8 }, reft: metricsOf(681, 689, 672, 803) });
    expect(table).toMatch(/voting@8 +│ +│ 68.9/);
  });
});

test('the page of a cancelled run says that it is partial, and where the run was', () => {
  const { metrics: _, answers: __, ...rest } = sampleReport;
  const partial = renderPartialReport({ ...rest, reached: 'PPO, round 3 of 80', validationAccuracy: 61.5 });
  expect(partial).toMatch(/^<!doctype html>/);
  expect(partial).toMatch(/Partial report.*the run was cancelled \(PPO, round 3 of 80\)/s);
  expect(partial).toContain(', 61.5 % right on validation questions');
  expect(partial).toContain('<svg');
  expect(partial).not.toMatch(brokenNumber);
});

test('the page tells the pass rates that questions were chosen by, where they were', () => {
  const difficulty = {
    samplesPerQuestion: 4,
    min: 0.01,
    max: 0.99,
    order: 'easy-first',
    measured: 2_000,
    kept: 1_250,
    histogram: [500, 750, 0, 500, 250],
    passRates: { key: 'objects/a', sha256: 'a', bytes: 1 },
  } as const;
  const page = renderReport({ ...sampleReport, difficulty });
  const [section = ''] = /<h2>Difficulty<\/h2>[\s\S]*?<\/section>/.exec(page) ?? [];
  const text = section.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  expect(text).toContain(
    'answered each of 2,000 training questions 4 times. 1,250 with a pass rate from 0.01 to 0.99 were trained on, easy ones first.',
  );
  expect(text).toContain('0 of 4 500 25.0 % 1 of 4 750 37.5 % 3 of 4 500 25.0 % 4 of 4 250 12.5 %');
  const { metrics: _, answers: __, ...rest } = sampleReport;
  expect(renderPartialReport({ ...rest, difficulty, reached: 'PPO, round 3 of 80' })).toContain('Difficulty');
  for (const one of [page, renderReport(sampleReport)]) expect(one).not.toMatch(brokenNumber);
  expect(renderReport(sampleReport)).not.toContain('Difficulty');
});

describe('page', () => {
  const page = renderReport(sampleReport);

  test('is one file that asks for nothing', () => {
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|https?:|url\(|@import/);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(brokenNumber);
    expect(renderReport(sampleReport)).toBe(page);
  });

  test('is made of elements that browsers know', () => {
    const known =
      'html head meta title style body header main section article footer h1 h2 h3 p div span i b strong em small code pre ul ol li dl dt dd ' +
      'table caption thead tbody tfoot tr th td figure figcaption details summary svg g line path circle rect text polyline br time';
    const used = new Set([...page.matchAll(/<([a-z][a-z0-9-]*)/g)].map(([, name = '']) => name));
    expect([...used].filter((name) => !known.split(' ').includes(name))).toEqual([]);
  });

  test('shows result, intervals, curves, answers, compute, notes and specification', () => {
    const expected = [
      '68.1 % of 1,000 test questions answered right, 15.0 points above SFT and 26.3 points above the warm-up.',
      '65.2–71.0',
      'ReFT: Mean reward by PPO round',
      'ReFT: KL per token by PPO round',
      'SFT, continued: Validation accuracy by epoch',
      'Warm-up: Loss by epoch',
      'Mean reward, PPO round 80: ',
      'no value: syntax',
      '2,827 training questions',
      '<code>c3ab8ff13720e8ad</code>',
      'svamp_55, svamp_133, svamp_298, svamp_361, svamp_379, …',
      '8,405,800',
      'by hand.',
      '&quot;miniBatch&quot;: 125',
      'demo-1',
    ];
    expect(expected.filter((text) => !page.includes(text))).toEqual([]);
    expect(page.match(/class="card answer right"/g)).toHaveLength(6);
    expect(page.match(/class="card answer wrong"/g)).toHaveLength(6);
  });

  test('stays whole with the least a run can have', () => {
    const least = renderReport({ ...sampleReport, metrics: onlyWarmUp, curve: [], answers: [], work: {}, notes: [] });
    expect(least).toContain('41.0 % of 1,000 test questions answered right.');
    expect(least).not.toMatch(brokenNumber);
    expect(least).not.toMatch(/<h2>(Training|Answers|Compute|Notes)/);
  });

  test('accuracies of 0 and 100 and a single, flat or missing value draw', () => {
    const perfect = { percent: 100, low: 99.6, high: 100, correct: 1000, count: 1000 };
    const none = { percent: 0, low: 0, high: 0.4, correct: 0, count: 1000 };
    const curve: CurvePoint[] = [
      { phase: 'ppo', step: 1, metrics: { reward: 0, ratio: Number.NaN, klPerToken: 1e-9 } },
      { phase: 'warm-up', step: 3, metrics: { loss: 0 } },
      { phase: 'warm-up', step: 4, metrics: { loss: 0 } },
    ];
    const odd = renderReport({
      ...sampleReport,
      metrics: { warmUp: { top1: none, samples: 0 }, reft: { top1: perfect, samples: 0 } },
      curve,
    });
    expect(odd).not.toMatch(brokenNumber);
    expect(odd).not.toContain('Mean probability ratio');
  });

  test('shows warnings with their rounds, and a curve for each reason that answers failed for', () => {
    expect(page).toContain('<h2>Warnings</h2>');
    expect(page).toContain('<b>Rounds 11–14</b>: the critic &lt;says> nothing.');
    expect(renderReport({ ...sampleReport, warnings: [] })).not.toContain('Warnings');
    const points = [1, 2].map((step): CurvePoint => ({ phase: 'ppo', step, metrics: { 'failed.syntax': 3 - step } }));
    expect(phaseCurves(points)[0]?.curves).toMatchObject([
      { title: 'No value: syntax', unit: 'answers', points: [{ y: 2 }, { y: 1 }] },
    ]);
  });

  test('shows the parts of the reward: a row of means, a curve and, with each answer, its own', () => {
    expect(page).not.toContain('Part of the reward');
    const { warmUp } = sampleReport.metrics;
    const [first] = answers();
    const metrics = { warmUp: { ...warmUp, rewardParts: { style: 0.25 } } };
    const parts = first === undefined ? [] : [{ ...first, parts: { tone: -0.125 } }];
    const shown = renderReport({ ...sampleReport, metrics, answers: parts });
    expect(shown).toMatch(/Part of the reward.*<th>style<\/th><td><b>0\.25<\/b><\/td>/s);
    expect(shown).toContain('<dt>tone</dt><dd>-0.125</dd>');
    const point: CurvePoint = { phase: 'ppo', step: 1, metrics: { 'reward.style': 1, 'validationReward.a.b': 2 } };
    expect(phaseCurves([point])[0]?.curves.map(({ title }) => title)).toEqual([
      'Reward: style',
      'Validation reward: a.b',
    ]);
  });

  test('hostile text of models, data and users is shown, never run', () => {
    const hostile = `</script></style></pre><img src=x onerror=alert(1)>"'><script>alert(2)</script>&amp;`;
    const [first] = answers();
    if (first === undefined) throw new Error('no answers');
    const bad = { ...first, question: hostile, answer: hostile, value: hostile, truth: hostile };
    const text = renderReport({
      ...sampleReport,
      runId: hostile,
      title: hostile,
      spec: { [hostile]: hostile },
      curve: [{ phase: 'ppo', step: 1, metrics: { [hostile]: 1 } }],
      answers: [
        { ...bad, correct: true },
        { ...bad, correct: false, value: null, failure: hostile },
      ],
      work: { [hostile]: { engineSeconds: 1, forwardTokens: 1, backwardTokens: 1, generatedTokens: 1 } },
      data: {
        ...sampleReport.data,
        files: [{ name: hostile, sha256: hostile, rows: 1 }],
        dropped: { [hostile]: { count: 1, examples: [hostile] } },
      },
      notes: [hostile],
      checkpoint: hostile,
    });
    expect(text).not.toMatch(/<script|<img|<\/script/);
    expect(text.match(/<\/style>/g)).toHaveLength(1);
    // Every attribute still ends where it began: no event handler outside of escaped text.
    expect(text.replaceAll(/="[^"]*"/g, '')).not.toMatch(/<[^>]*onerror/);
    expect(text).toContain('&lt;img src=x onerror=alert(1)>');
  });
});

describe('curves', () => {
  test('are ordered by step, whatever order they were recorded in', () => {
    const curve = [3, 1, 2].map((step): CurvePoint => ({ phase: 'sft', step, metrics: { loss: step } }));
    expect(phaseCurves(curve)[0]?.curves[0]?.points).toEqual([1, 2, 3].map((x) => ({ x, y: x })));
  });

  test('of thousands of points are thinned to means that keep the whole', () => {
    const curve = Array.from(
      { length: 5000 },
      (_, step): CurvePoint => ({ phase: 'ppo', step, metrics: { reward: step } }),
    );
    const points = phaseCurves(curve)[0]?.curves[0]?.points ?? [];
    expect(points.length).toBe(250);
    expect(points.reduce((sum, point) => sum + point.y, 0) / points.length).toBeCloseTo(2499.5);
  });

  test('with a name nobody knows are drawn under it', () => {
    expect(renderReport({ ...sampleReport, curve: [{ phase: 'sft', step: 1, metrics: { novelty: 2 } }] })).toContain(
      'novelty',
    );
  });
});

test('shown answers are spread over all of them', () => {
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3)).toEqual([0, 3, 6]);
  expect(spread([1, 2], 6)).toEqual([1, 2]);
  expect(spread([], 6)).toEqual([]);
});
