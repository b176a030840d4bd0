/** `reft metrics`: the metrics of each epoch and round, printed, or written as other tools read them, while the run goes on. */
import { join } from 'node:path';
import type { CurvePoint } from '../../activities/report/types.js';
import { abortOnInterrupt } from '../interruption.js';
import { pointsOf } from '../metrics/points.js';
import { type MetricSink, openEventFile } from '../metrics/tensorboard.js';
import { openStore } from '../openStore.js';
import { withClient, withStack } from './access.js';

export interface MetricsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly tensorboard?: string;
}

/** @returns the process's exit code: 130 when interrupted while following */
export function metrics(id: string, options: MetricsOptions): Promise<number> {
  const { follow = false, tensorboard } = options;
  const signal = abortOnInterrupt();
  return withStack((stack) =>
    withClient(stack, async (client) => {
      let sink: MetricSink | undefined;
      let count = 0;
      for await (const points of pointsOf(client, openStore(stack.s3), id, follow, signal)) {
        count += points.length;
        // Not before there is something to write: a mistaken id leaves no folder.
        if (tensorboard !== undefined) sink ??= await openEventFile(join(tensorboard, id));
        if (sink) await sink.write(points);
        else for (const point of points) console.log(options.json ? JSON.stringify(point) : inWords(point));
      }
      if (tensorboard !== undefined) console.log(`${count} points in ${join(tensorboard, id)}`);
      return signal.aborted ? 130 : 0;
    }),
  );
}

function inWords({ phase, step, metrics: values }: CurvePoint): string {
  const shown = Object.entries(values).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  return `${phase} ${step}: ${shown.join(', ')}`;
}
