/** Log lines: their fields where an activity fails, and their two forms. */
import { log as activityLog } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { EngineCrashed } from '../../activities/errors.js';
import { createLogger, formatEntry, type LogEntry, log } from '../../workers/log.js';
import { nameFailures } from '../../workers/nameFailures.js';

/** The lines that an activity leaves, on the second attempt of a run's. */
async function linesOf(activity: () => Promise<void>): Promise<unknown[]> {
  const entries: LogEntry[] = [];
  const info = {
    activityType: 'rollout',
    attempt: 2,
    workflowExecution: { workflowId: 'demo-1', runId: 'a' },
    taskQueue: 'reft-engine',
    workflowType: 'reft',
  };
  const environment = new MockActivityEnvironment(info, {
    logger: createLogger((entry) => entries.push(entry)),
    interceptors: [() => ({ inbound: nameFailures })],
  });
  await environment.run(activity).catch(() => undefined);
  return entries.map((entry) => JSON.parse(formatEntry(entry, false)));
}

const ofActivity = {
  time: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  runId: 'demo-1',
  activity: 'rollout',
  attempt: 2,
  workflowType: 'reft',
  taskQueue: 'reft-engine',
};

describe('a line', () => {
  it('of a failing activity says which run, activity and attempt, and what failed', async () => {
    const failing = async (): Promise<void> => {
      throw new EngineCrashed('the engine process ended with signal SIGKILL during generate');
    };
    expect(await linesOf(failing)).toEqual([
      {
        ...ofActivity,
        level: 'warn',
        message: 'Activity failed',
        error: 'EngineCrashed: the engine process ended with signal SIGKILL during generate',
        durationMs: expect.any(Number),
      },
    ]);
  });

  it('of a room below bears the activity it was written in', async () => {
    const working = async (): Promise<void> => {
      log('warn', 'S3 request failed', { request: 'GetObject', try: 1 });
      activityLog.info('half way');
    };
    expect(await linesOf(working)).toEqual([
      { ...ofActivity, level: 'warn', message: 'S3 request failed', request: 'GetObject', try: 1 },
      { ...ofActivity, level: 'info', message: 'half way' },
    ]);
  });

  it("is not written for what is the SDK's everyday business", () => {
    const entries: LogEntry[] = [];
    const logger = createLogger((entry) => entries.push(entry));
    logger.info('Worker state changed', { sdkComponent: 'worker' });
    logger.debug('worker started', {});
    logger.warn('No workflows registered on this worker', { sdkComponent: 'worker' });
    expect(entries).toEqual([]);
    logger.info('worker started', {});
    logger.warn('Failed to poll', { sdkComponent: 'core' });
    expect(entries.map(({ message }) => message)).toEqual(['worker started', 'Failed to poll']);
  });

  it('is easy to read on a terminal', () => {
    const time = new Date(2026, 0, 31, 9, 5, 7);
    const fields = { runId: 'demo-1', attempt: 2, error: new EngineCrashed('ended with "code 1"'), queues: ['a', 'b'] };
    expect(formatEntry({ time, level: 'warn', message: 'Activity failed', fields }, true)).toBe(
      String.raw`09:05:07 warn  Activity failed runId=demo-1 attempt=2 error="EngineCrashed: ended with \"code 1\"" queues="[\"a\",\"b\"]"`,
    );
  });
});
