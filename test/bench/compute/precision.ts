/**
 * How far half precision is from float32 on a published model:
 *
 *   npx tsx test/bench/compute/precision.ts FOLDER
 *
 * `FOLDER` holds the model as `model.from` names it. The texts are its own answers. A JSON line for each precision.
 */
import { measurePrecision } from './measurePrecision.js';

const [, , directory = ''] = process.argv;
for await (const measures of measurePrecision(directory)) console.log(JSON.stringify(measures));
