/**
 * A run of very many rounds on a real Temporal server, its activities replaced by stand-ins that compute nothing: what grows with the
 * number of rounds, and what does not.
 *
 * The server is the development server. A time-skipping one would never suggest a fresh history, which is what is looked at here, and
 * the stand-ins wait for nothing that could be skipped.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Client } from '@temporalio/client';
import { required } from '../../activities/invariant.js';
import type { UpdatePolicyInput } from '../../activities/updatePolicy.js';
import type { reft } from '../../workflows/index.js';
import { type Harness, openHarness } from '../workflows/harness.js';
import { createStandIns, type StandIns } from '../workflows/standIns.js';
import { previousOf } from './steps.js';

/** One execution of the workflow, between two fresh histories. */
export interface Execution {
  readonly events: number;
  /** What the execution before handed on to it, as bytes of history; of the first, the specification alone. */
  readonly bytesHandedOn: number;
}

/** What the worker was like at the update of a round. */
export interface Moment {
  readonly round: number;
  /** After a garbage collection. */
  readonly heapMegabytes: number;
  /** Of the whole process: the workflows' threads and the SDK's native part as well. */
  readonly residentMegabytes: number;
  readonly seconds: number;
}

export interface ManyRounds {
  readonly rounds: number;
  readonly executions: readonly Execution[];
  readonly moments: readonly Moment[];
}

export interface ManyRoundsOptions {
  readonly rounds: number;
  /** Rounds from one moment to the next. */
  readonly every: number;
  /** Events after which the server suggests a fresh history; its own 4,096 where left out. */
  readonly suggestedEvents?: number;
  readonly tell?: (moment: Moment) => void;
}

const collectGarbage = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
})();

export async function runManyRounds({ rounds, every, suggestedEvents, tell }: ManyRoundsOptions): Promise<ManyRounds> {
  const suggestion = `limit.historyCount.suggestContinueAsNew=${suggestedEvents}`;
  const harness = await openHarness(suggestedEvents === undefined ? [] : ['--dynamic-config-value', suggestion]);
  try {
    const moments: Moment[] = [];
    const begun = Date.now();
    const standIns: StandIns = createStandIns({
      accuracy: (step) => step % 100,
      before: ({ name, input }) => {
        // What they remember for tests would grow with the rounds.
        standIns.calls.length = 0;
        if (name !== 'updatePolicy') return;
        const { round } = input as UpdatePolicyInput;
        if (round % every !== 0) return;
        const moment = lookAt(round, (Date.now() - begun) / 1_000);
        moments.push(moment);
        tell?.(moment);
      },
    });
    await train(harness, standIns, rounds);
    return { rounds, moments, executions: await executionsOf(harness.environment.client) };
  } finally {
    await harness.close();
  }
}

const workflowId = 'many-rounds';

async function train(harness: Harness, standIns: StandIns, rounds: number): Promise<void> {
  const workers = await harness.startWorkers(standIns);
  try {
    const handle = await harness.start<typeof reft>('reft', workflowId, {
      preset: 'smoke',
      data: { train: 32 },
      // One shard a round.
      generation: { questionsPerShard: 32 },
      ppo: { epochs: rounds, questionsPerRound: 32 },
      sft: null,
      rewardModel: null,
      evaluation: { everyRounds: 100, samplesPerQuestion: 0 },
    });
    await handle.result();
  } finally {
    await workers.stop();
  }
}

function lookAt(round: number, seconds: number): Moment {
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  return { round, seconds, heapMegabytes: heapUsed / 2 ** 20, residentMegabytes: rss / 2 ** 20 };
}

/** From the first to the last. */
async function executionsOf(client: Client): Promise<readonly Execution[]> {
  const executions: Execution[] = [];
  const { runId: last } = await client.workflow.getHandle(workflowId).describe();
  for (let runId: string | undefined = last; runId; ) {
    const { historyLength } = await client.workflow.getHandle(workflowId, runId).describe();
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: 1,
    });
    const events = required(history?.events, 'a history');
    const payloads = events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    executions.unshift({
      events: historyLength,
      bytesHandedOn: payloads.reduce((sum, { data }) => sum + (data?.byteLength ?? 0), 0),
    });
    runId = previousOf(events);
  }
  return executions;
}
