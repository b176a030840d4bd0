/**
 * One row of the device script (`../run.sh`): computed by the engine on the device that REFT_DEVICE names, printed as a line of JSON.
 *
 *   main.ts --list | NAME [--small]
 */
import { mkdirSync } from 'node:fs';
import { chosenDevice } from '../../../activities/engine/ort/devices.js';
import { ownKernels, selfTest } from '../../../activities/engine/ort/runInPlace.js';
import { messageOf } from '../../../activities/errors.js';
import { type Row, round, workFolder } from './row.js';
import { samplingRows } from './sampling.js';
import { cpuGradients, trainingRows } from './training.js';

const device: Row = {
  name: 'device',
  measure: async () => {
    const { mode, milliseconds } = await selfTest();
    return {
      mode,
      selfTestMilliseconds: round(milliseconds),
      ownKernels: (await ownKernels()) ?? 'proven',
      node: process.version,
    };
  },
};

/** In the order in which they are worth a short time on a GPU. */
const rows = [device, ...trainingRows.slice(0, 2), ...samplingRows, ...trainingRows.slice(2)];

const [, , name = '--list', size] = process.argv;
if (name === '--list') console.log(rows.map((row) => row.name).join('\n'));
else {
  mkdirSync(workFolder, { recursive: true });
  const row = [...rows, cpuGradients].find((one) => one.name === name);
  if (row === undefined) throw new Error(`there is no row ${name}`);
  const start = performance.now();
  const figures = await row.measure(size === '--small').catch((error: unknown) => ({ error: messageOf(error) }));
  const took = round((performance.now() - start) / 1000);
  console.log(JSON.stringify({ row: name, device: chosenDevice().name, ...figures, took }));
  process.exitCode = 'error' in figures ? 1 : 0;
}
