/** `reft metrics`: the metrics of each epoch and round, printed, or written as other tools read them, while the run goes on. */
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { CurvePoint } from '../../activities/report/types.js';
import { abortOnInterrupt } from '../interruption.js';
import { openMlflowRun } from '../metrics/mlflow.js';
import { pointsOf } from '../metrics/points.js';
import type { MetricSink } from '../metrics/sink.js';
import { openEventFile } from '../metrics/tensorboard.js';
import { openStore } from '../openStore.js';
import { describeRun, withClient, withStack } from './access.js';
import { inputOf } from './inputOf.js';
import { kindOf } from './kinds.js';

export interface MetricsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly tensorboard?: string;
  readonly mlflow?: string;
}

/** @returns the process's exit code: 130 when interrupted while following */
export function metrics(id: string, options: MetricsOptions): Promise<number> {
  const { follow = false, json = false, tensorboard, mlflow } = options;
  const isWritten = tensorboard !== undefined || mlflow !== undefined;
  const signal = abortOnInterrupt();
  return withStack((stack) =>
    withClient(stack, async (client) => {
      let sinks: readonly MetricSink[] = [];
      let count = 0;
      for await (const points of pointsOf(client, openStore(stack.s3), id, follow, signal)) {
        // Not before there is something to write: a mistaken id leaves no folder.
        if (count === 0) sinks = await openSinks(client, id, options);
        count += points.length;
        for (const sink of sinks) await sink.write(points);
        if (!isWritten) for (const point of points) console.log(json ? JSON.stringify(point) : inWords(point));
      }
      if (isWritten && count === 0) console.log('There are no metrics yet: nothing was written');
      const { status } = await describeRun(client, id);
      for (const sink of sinks) {
        await sink.close(status.name);
        console.log(`${count} points in ${sink.place}`);
      }
      return signal.aborted ? 130 : 0;
    }),
  );
}

async function openSinks(client: Client, id: string, { tensorboard, mlflow }: MetricsOptions) {
  const sinks: MetricSink[] = [];
  if (tensorboard !== undefined) sinks.push(await openEventFile(join(tensorboard, id)));
  if (mlflow !== undefined) {
    const description = await describeRun(client, id);
    const spec = kindOf(description.type).resolve(await inputOf(client, description));
    sinks.push(await openMlflowRun(mlflow, id, description.startTime, spec));
  }
  return sinks;
}

function inWords({ phase, step, metrics: values }: CurvePoint): string {
  const shown = Object.entries(values).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  return `${phase} ${step}: ${shown.join(', ')}`;
}
