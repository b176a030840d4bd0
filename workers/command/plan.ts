/** `reft plan`: what a specification would come to on this machine, with nothing started, trained or stored. */
import { statfs } from 'node:fs/promises';
import { gibibytes } from '../../activities/gibibytes.js';
import { attachStack, type StackAccess } from '../../infra/stack.js';
import { describeSpec } from '../../workflows/config/describe.js';
import { resolveSpec } from '../../workflows/config/resolve.js';
import type { Spec } from '../../workflows/config/spec.js';
import { describePlan } from '../../workflows/steps/planMemory.js';
import { log } from '../log.js';
import { openStore } from '../openStore.js';
import { cacheBytes, dataDirectory } from '../settings.js';
import { withClient } from './access.js';
import { type DryRun, dryRun } from './dryRun.js';
import { estimateSeconds, type MeasuredRun } from './estimateSeconds.js';
import { findMeasuredRun } from './findMeasuredRun.js';
import { runKind } from './kinds.js';
import { readSpecInput } from './readSpecInput.js';

export interface PlanOptions {
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** @returns the process's exit code: 1 when the run would be refused */
export async function plan(source: string, { set = [], json = false }: PlanOptions): Promise<number> {
  const { input } = await readSpecInput(source, set, runKind);
  const spec = resolveSpec(input);
  // Servers are asked where they run, and none is started for it.
  const stack = await attachStack({ dataDirectory, log });
  const { found, measured } = await look(spec, stack).finally(() => stack?.stop());
  const estimate =
    measured && found.data ? { seconds: estimateSeconds(spec, found.data, measured), like: measured.id } : undefined;
  const { bavail, bsize } = await statfs(dataDirectory).catch(() => ({ bavail: undefined, bsize: 0 }));
  const disk = { cacheBytes: cacheBytes(), freeBytes: bavail === undefined ? null : bavail * bsize };
  if (json) console.log(JSON.stringify({ spec, ...found, disk, estimate: estimate ?? null }, null, 2));
  else for (const line of inWords(found, disk, estimate)) console.log(line);
  if (!json) console.log(`\n${describeSpec(spec).replaceAll('**', '')}\nAll fields: --json.`);
  return found.refusals.length > 0 ? 1 : 0;
}

async function look(
  spec: Spec,
  stack: StackAccess | null,
): Promise<{ readonly found: DryRun; readonly measured?: MeasuredRun | undefined }> {
  if (stack === null) return { found: await dryRun(spec, undefined) };
  const store = openStore(stack.s3);
  const found = await dryRun(spec, store);
  return { found, measured: await withClient(stack, (client) => findMeasuredRun(client, store, spec)) };
}

function* inWords(
  { refusals, data, model, memory, storage }: DryRun,
  disk: { readonly cacheBytes: number; readonly freeBytes: number | null },
  estimate: { readonly seconds: number; readonly like: string } | undefined,
): Generator<string> {
  const whole = (value: number): string => value.toLocaleString('en');
  if (data) {
    const { train, validation, test, dropped } = data;
    const rows = Object.values(dropped).reduce((sum, { count }) => sum + count, 0);
    const left = rows > 0 ? `; ${whole(rows)} rows cannot be used (${Object.keys(dropped).join(', ')})` : '';
    yield `Data: ${whole(train)} training, ${whole(validation)} validation, ${whole(test)} test questions${left}`;
    yield `Tokens: prompts up to ${data.longestPrompt}, annotated answers up to ${data.longestAnswer}, vocabulary ${whole(data.vocabularySize)}`;
    for (const warning of data.warnings) yield `Warning: ${warning}`;
  }
  if (model) {
    const trained = model.trained === model.parameters ? '' : `, ${whole(model.trained)} of them trained (LoRA)`;
    yield `Model: ${whole(model.parameters)} parameters${trained}`;
  }
  if (memory) yield `Memory: ${describePlan(memory)}`;
  if (storage) {
    yield `Storage: ${gibibytes(storage.checkpointBytes)} a checkpoint, about ${storage.checkpoints} kept at the end: ${gibibytes(storage.bytes)}`;
    const free = disk.freeBytes === null ? '' : `, of ${gibibytes(disk.freeBytes)} that are free`;
    yield `Disk: local copies take up to ${gibibytes(disk.cacheBytes)} (REFT_CACHE_GIB)${free}`;
  }
  yield estimate
    ? `Time: about ${minutes(estimate.seconds)}, as ${estimate.like} took on its machine`
    : 'Time: cannot be told: no finished run with this model and method is known to running servers';
  for (const refusal of refusals) yield `Refused: ${refusal}`;
  if (refusals.length === 0) yield 'Nothing of it is refused. (Rewards are asked when it runs.)';
}

function minutes(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5_400 ? `${Math.round(seconds / 60)} minutes` : `${(seconds / 3_600).toFixed(1)} hours`;
}
