/** Hostile programs of many kinds between canaries, by the real Pyodide: none changes what another one gives, gets out or stays too long. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { programFailures } from '../../../../activities/rewards/sandbox/outcome.js';
import { createSandboxPool, type SandboxPool } from '../../../../activities/rewards/sandbox/pool.js';
import { runBetweenCanaries, type Trial } from '../../../sandbox/canaries.js';
import { hostilePrograms } from './hostile/index.js';

const limits = { processes: 1, secondsPerProgram: 0.4, megabytes: 96 };
let pools: readonly SandboxPool[];
const secret = 'REFT_SECRET_OF_THIS_TEST';
const trials: (Trial & { readonly kind: string; readonly program: string })[] = [];

beforeAll(async () => {
  process.env[secret] = secret;
  pools = [createSandboxPool(limits), createSandboxPool(limits)];
  const [pool, fresh] = pools;
  if (!pool || !fresh) throw new Error('no pools');
  const programs = hostilePrograms.map(({ program }) => program);
  let index = 0;
  for await (const trial of runBetweenCanaries(programs, pool, fresh)) {
    const hostile = hostilePrograms[index++];
    if (hostile) trials.push({ ...hostile, ...trial });
  }
}, 600_000);
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

it('are six hundred of twenty-five kinds', () => {
  expect(trials.length).toBeGreaterThanOrEqual(600);
  expect(new Set(trials.map(({ program }) => program)).size).toBe(trials.length);
  expect(new Set(trials.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(25);
});

it('change no outcome of another program', () => {
  expect(trials.filter(({ canaryRight }) => !canaryRight)).toEqual([]);
});

it('give the same after other neighbours', async () => {
  const watched = trials.filter(({ kind }) => kind === 'depends on where things lie' || kind === 'seems plain');
  // Plain programs, which leave garbage: each time another amount.
  const neighbour = (index: number): string =>
    `def solution():\n    values = []\n    for n in range(${index}): values = [values, n, str(n)]\n    values.append(values)\n    return 1`;
  const programs = watched.flatMap(({ program }, index) => [neighbour(7 * index), program]);
  const outcomes = await pools[0]?.run(programs);
  const others = watched.filter(({ outcome }, index) => !isDeepStrictEqual(outcome, outcomes?.[2 * index + 1]));
  expect(others).toEqual([]);
});

it('have sound outcomes', () => {
  const unsound = trials.filter(({ outcome }) =>
    outcome.ok
      ? Array.from(outcome.text).length > 200 || /[\p{Cs}\u202e]|(?![\t\n\r])\p{Cc}/u.test(outcome.text)
      : !programFailures.includes(outcome.failure) || outcome.detail.length > 500,
  );
  expect(unsound).toEqual([]);
});

it('learn nothing of this machine', () => {
  const told = trials.filter(({ outcome }) => new RegExp(`${secret}|root:|node_modules`).test(JSON.stringify(outcome)));
  expect(told).toEqual([]);
});

it('take half as much again as their limit at most', () => {
  // What is inside C is killed from here, which a busy machine puts off.
  const most = ({ outcome }: Trial): number =>
    (!outcome.ok && outcome.detail.endsWith('could not be interrupted') ? 3 : 1.5) * limits.secondsPerProgram;
  const late = trials.filter((trial) => trial.seconds !== null && trial.seconds > most(trial));
  expect(late).toEqual([]);
});
