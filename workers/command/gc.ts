/** `reft gc`: removes from the store what no run needs, now or on a schedule. */
import { type Client, ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { neededNow } from '../../activities/neededNow.js';
import { type Collected, collect, usualGraceMs } from '../../activities/retention/collect.js';
import { listRounds } from '../../activities/retention/notes.js';
import { openUpkeep } from '../../activities/store/s3/upkeep.js';
import { prepareBucket } from '../../infra/s3/access.js';
import { generalQueue } from '../../workflows/config/taskQueues.js';
import { openStore } from '../openStore.js';
import { withClient, withStack } from './access.js';
import { UsageError } from './usageError.js';

export interface GcOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  /** `1h`, `1d`; `off` ends the schedule. */
  readonly schedule?: string;
}

const scheduleId = 'reft-gc';

/** @throws UsageError when the schedule is no interval */
export function gc({ dryRun = false, json = false, schedule }: GcOptions): Promise<void> {
  const every = schedule === undefined || schedule === 'off' ? undefined : intervalOf(schedule);
  return withStack((stack) =>
    withClient(stack, async (client) => {
      if (schedule !== undefined) return console.log(await setSchedule(client, every));
      const s3 = stack.s3.dialect === undefined ? await prepareBucket(stack.s3) : stack.s3;
      const collected = await collect({
        store: openStore(s3),
        upkeep: openUpkeep(s3),
        graceMs: usualGraceMs,
        isDryRun: dryRun,
        neededNow: () => neededNow(client),
      });
      console.log(json ? JSON.stringify({ dryRun, ...collected }) : describe(collected, dryRun));
    }),
  );
}

function describe({ kept, removed, droppedRounds }: Collected, isDryRun: boolean): string {
  const rounds = Object.entries(droppedRounds).map(
    ([run, dropped]) => `${run}: ${isDryRun ? 'would no longer keep' : 'no longer keeps'} round ${listRounds(dropped)}`,
  );
  const what = `${removed.objects} objects (${mebibytes(removed.bytes)})`;
  return [
    ...rounds,
    `${isDryRun ? 'Would remove' : 'Removed'} ${what}; ${kept.objects} (${mebibytes(kept.bytes)}) are kept.`,
    ...(rounds.length > 0
      ? ['What these rounds alone needed goes with the next collection, an hour from now or later.']
      : []),
  ].join('\n');
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

const unitMs = { m: 60_000, h: 60 * 60_000, d: 24 * 60 * 60_000 } as const;

/** In milliseconds. */
function intervalOf(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  if (unit === 'm' || unit === 'h' || unit === 'd') return Number(count) * unitMs[unit];
  throw new UsageError(`--schedule is "${text}": allowed is an interval, such as 30m, 6h or 1d, or off`);
}

/**
 * Has workers collect garbage so often, in place of what was said before.
 * @param every milliseconds; undefined holds the schedule
 * @returns what was done, in words
 */
export async function setSchedule(client: Client, every: number | undefined): Promise<string> {
  const handle = client.schedule.getHandle(scheduleId);
  if (every === undefined) {
    await handle.pause().catch(whereThereIsNone);
    return `The schedule ${scheduleId} is off.`;
  }
  await handle.delete().catch(whereThereIsNone);
  await createSchedule(client, every);
  const { info } = await handle.describe();
  return `The schedule ${scheduleId} collects garbage, next at ${info.nextActionTimes[0]?.toISOString()}.`;
}

/** Each hour, unless a schedule is there, which may be off. */
export async function collectHourly(client: Client): Promise<void> {
  await createSchedule(client, unitMs.h).catch((error: unknown) => {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  });
}

function whereThereIsNone(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}

async function createSchedule(client: Client, every: number): Promise<void> {
  await client.schedule.create({
    scheduleId,
    spec: { intervals: [{ every }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP },
    action: {
      type: 'startWorkflow',
      workflowType: 'collectGarbage',
      taskQueue: generalQueue,
      workflowId: scheduleId,
      args: [{}],
    },
  });
}
