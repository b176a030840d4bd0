/**
 * Runs by their ids, on a real Temporal server: which one a command is about, and what the commands say that watch runs, steer them and
 * compare them. What each is called with is the example of its help.
 */
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { messageOf as wordsOf } from '../../activities/errors.js';
import { at, required } from '../../activities/invariant.js';
import { chooseRun, type Identity, specificationOf } from '../../workers/command/chooseRun.js';
import { addWatchingCommands } from '../../workers/watching.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import { reftAt } from '../support/reftCommand.js';
import { type Harness, openHarness } from '../workflows/harness.js';
import { createStandIns, gate } from '../workflows/standIns.js';

const spec = { preset: 'smoke', sft: null, rewardModel: null, evaluation: { samplesPerQuestion: 0 } };

let harness: Harness;
let workers: { stop(): Promise<void> };
/** Holds back the updates of runs whose first rollout has been done. */
const held = gate(({ name }) => name === 'updatePolicy');

beforeAll(async () => {
  harness = await openHarness();
  workers = await harness.startWorkers(createStandIns(held));
});
afterAll(async () => {
  held.open();
  await workers.stop();
  await harness.close();
});

const reft = (...args: string[]) => reftAt(harness.environment.address, ...args);

/** The command of the example in a sub-command's help, run as it stands there. */
async function example(name: string, ...more: readonly string[]) {
  let help = '';
  const program = new Command('reft').configureOutput({ writeOut: (text) => (help += text) });
  addWatchingCommands(program);
  required(
    program.commands.find((command) => command.name() === name),
    `the command ${name}`,
  ).outputHelp();
  const [, words] = required(/^ {2}\$ npx reft (.*)$/m.exec(help), `an example in the help of ${name}`);
  return reft(...required(words, 'the words of the example').split(' '), ...more);
}

/** As `reft run` starts one. */
const start = (workflowId: string, input: object, type = 'reft') =>
  harness.environment.client.workflow.start(type, {
    workflowId,
    taskQueue: 'reft',
    args: [input],
    memo: { specification: specificationOf(input) },
  });

const choose = (input: object, which: Identity, type = 'reft') =>
  chooseRun(harness.environment.client, type, { name: 'mine', input: { ...input } }, which);
const refusal = (input: object, which: Identity, type?: string) =>
  choose(input, which, type).then(() => 'nothing', wordsOf);

describe('a run by its id', () => {
  it('is steered, gone on with, refused for another specification, and never done twice', async () => {
    const handle = await start('mine-1', spec);
    await held.reached;

    expect(await choose(Object.fromEntries(Object.entries(spec).reverse()), { id: 'mine-1' })).toEqual({
      workflowId: 'mine-1',
      state: 'under way',
    });
    await vi.waitFor(async () => expect(await choose(spec, {})).toEqual({ workflowId: 'mine-1', state: 'under way' }), {
      timeout: 20_000,
    });
    expect(await choose(spec, { new: true })).toMatchObject({ state: 'new' });
    expect(await refusal({ ...spec, seed: 2, ppo: { epochs: 3 } }, { id: 'mine-1' })).toBe(
      [
        '"mine-1" has another specification (running):',
        '  ppo: {"epochs":3} is asked for, it has nothing',
        '  seed: 2 is asked for, it has nothing',
        'Give another --id, or --replace to run this one in its place.',
      ].join('\n'),
    );
    expect(await refusal(spec, { id: 'mine-1', new: true })).toBe('--new: there is a reft "mine-1" already (running)');
    expect(await refusal(spec, { id: 'mine-1', replace: true })).toContain('"npx reft cancel mine-1" ends it');
    expect(await refusal(spec, { id: 'mine-1' }, 'compare')).toBe(
      '"mine-1" is a reft, not a compare: give another --id',
    );

    const isPaused = async () => (await handle.query<Progress>('progress')).paused;
    expect(await example('pause')).toMatchObject({
      code: 0,
      out: 'mine-1 waits after the work under way, until "npx reft resume".\n',
    });
    expect(await isPaused()).toBe(true);
    expect(await example('resume')).toMatchObject({ code: 0, out: 'mine-1 goes on.\n' });
    expect(await isPaused()).toBe(false);

    const [changed, refused, running, points] = await Promise.all([
      example('set'),
      reft('set', 'mine-1', 'epochs=3'),
      reft('status', 'mine-1', '--json'),
      reft('metrics', 'mine-1', '--json'),
    ]);
    expect(changed).toMatchObject({ code: 0, error: '' });
    expect(changed.out).toMatch(/^After round 0, changed by hand: {"learningRate":0.0003,"klCoefficient":0.02}\n$/);
    expect({ code: refused.code, out: refused.out }).toEqual({ code: 2, out: '' });
    expect(refused.error).toMatch(/^reft: .*setHyperparameters: epochs: unknown field, allowed here: .*clipRange/s);
    expect(JSON.parse(running.out)).toMatchObject({ id: 'mine-1', state: 'running', progress: { phase: 'ppo' } });

    expect(points).toMatchObject({ code: 0, error: '' });
    expect(
      points.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(
      [1, 2].map((step) => ({
        phase: 'warm-up',
        step,
        metrics: expect.objectContaining({ loss: expect.any(Number) }),
      })),
    );

    const [following, attached] = [example('logs'), example('attach', '--json')];
    expect(await reft('stop', 'mine-1', '--json')).toMatchObject({ code: 0, out: '{"id":"mine-1","asked":"stop"}\n' });
    expect((await handle.query<Progress>('progress')).stopping).toBe(true);
    held.open();
    await handle.result();
    const { out, error, code } = await following;
    expect({ error, code }).toEqual({ error: '', code: 0 });
    const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d';
    for (const line of [
      'started',
      'update setHyperparameters {"learningRate":0.0003,"klCoefficient":0.02}',
      'update stopEarly',
      'rollout 1/4, shard 1/2 done in \\d+\\.\\d s',
      'completed',
    ])
      expect(out).toMatch(new RegExp(`^${time}  ${line}$`, 'm'));
    const lines = (await attached).out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ progress: { phases: expect.any(Array), accuracy: expect.any(Number) } });
    expect(at(lines, -1)).toMatchObject({ result: { runId: 'mine-1', accuracy: {} } });
    expect((await attached).code).toBe(0);

    expect(await choose(spec, { id: 'mine-1' })).toEqual({ workflowId: 'mine-1', state: 'finished' });
    expect(await choose(spec, { id: 'mine-1', replace: true })).toEqual({ workflowId: 'mine-1', state: 'new' });
    expect(await refusal({ ...spec, seed: 2 }, { id: 'mine-1' })).toContain(
      'another specification (completed):\n  seed: 2 is asked for, it has nothing\n',
    );
    const again = await reft('pause', 'mine-1');
    expect(again.code).toBe(2);
    expect(again.error).toBe('reft: "mine-1" is not under way (completed): there is nothing to pause\n');
  });

  it('may be begun again when it was cancelled, and is listed', async () => {
    await workers.stop();
    await start('mine-2', { ...spec, seed: 3 });
    expect(await reft('cancel', 'mine-2')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^mine-2 is being cancelled: its best checkpoint/),
    });
    workers = await harness.startWorkers(createStandIns());
    const { client } = harness.environment;
    await expect(client.workflow.getHandle('mine-2').result()).rejects.toThrow();
    expect(await choose({ ...spec, seed: 3 }, { id: 'mine-2' })).toEqual({ workflowId: 'mine-2', state: 'ended' });

    await vi.waitFor(
      async () => {
        const { out, code } = await reft('list', '--json');
        expect(code).toBe(0);
        expect(JSON.parse(out)).toEqual([
          expect.objectContaining({ id: 'mine-2', type: 'reft', state: 'cancelled' }),
          expect.objectContaining({ id: 'mine-1', type: 'reft', state: 'completed', accuracy: expect.any(Number) }),
        ]);
      },
      { timeout: 60_000 },
    );
    const [listed, compared, inWords, once] = await Promise.all([
      reft('list'),
      example('diff', '--json'),
      example('diff'),
      reft('logs', 'mine-2', '--json'),
    ]);
    expect(listed.out).toContain('mine-1');
    expect(JSON.parse(compared.out)).toMatchObject({
      ids: ['mine-1', 'mine-2'],
      states: ['completed', 'cancelled'],
      spec: [{ path: 'seed', values: [0, 3] }],
      results: { 'ReFT, greedy': [{ percent: expect.any(Number) }, null] },
    });
    expect(inWords.out).toMatch(/│ seed +│ 0 +│ 3 +│/);
    expect(inWords.out).toMatch(/│ ReFT, greedy +│ [\d.]+ \(/);
    expect(
      once.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).text),
    ).toContain('asked to cancel');

    expect(await reft('cancel', 'mine-3')).toMatchObject({ code: 2, error: 'reft: There is no run "mine-3"\n' });
  });
});
