/** `reft evaluate`: measures a model, a run's own or any other, on its data or on another data set. */
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { readForeignJson } from '../../activities/foreignJson.js';
import { formats, upgrade } from '../../activities/formats.js';
import { runPrefix } from '../../activities/store/runKeys.js';
import type { Store } from '../../activities/store/types.js';
import { isRecord } from '../../workflows/config/explain.js';
import type { SpecInput } from '../../workflows/config/resolve.js';
import { openStore } from '../openStore.js';
import type { Identity } from './chooseRun.js';
import { evaluationKind } from './kinds.js';
import { checkInput, type NamedInput } from './readSpecInput.js';
import { followNew } from './run.js';
import { UsageError } from './usageError.js';

export interface EvaluateOptions extends Identity {
  readonly data?: string;
  readonly samples?: string;
  readonly set?: readonly string[];
}

/** @returns the process's exit code, as `reft run` does */
export function evaluate(model: string, options: EvaluateOptions): Promise<number> {
  return followNew(evaluationKind, (stack) => describeModel(openStore(stack.s3), model, options), options);
}

/** @throws UsageError when there is no such model, or what is asked cannot be done */
async function describeModel(store: Store, model: string, options: EvaluateOptions): Promise<NamedInput> {
  const { from, ...ofRun } = await findModel(store, model);
  const { data, samples, set = [] } = options;
  const given: SpecInput = {
    title: `Evaluation of ${model}`,
    model: { from },
    ...ofRun,
    ...(data === undefined ? {} : { data: otherData(data, ofRun.data) }),
    ...(samples === undefined ? {} : { samples: Number(samples) }),
  };
  const args = [
    model,
    ...(data === undefined ? [] : ['--data', data]),
    ...(samples === undefined ? [] : ['--samples', samples]),
    ...set.flatMap((setting) => ['--set', setting]),
  ];
  return checkInput({ args, name: `evaluation-${basename(model)}`, given, settings: set }, evaluationKind);
}

/** Where a model lies; for a run's also what it was trained on, how long its answers may be and what says they are right. */
async function findModel(store: Store, model: string): Promise<Readonly<Record<string, unknown>> & { from: string }> {
  if (/^(hf:|s3:\/\/|checkpoint:)/.test(model)) return { from: model };
  const folder = await stat(model).catch(() => null);
  if (folder?.isDirectory()) return { from: resolve(model) };
  const prefix = runPrefix(model);
  const result = await store.read(`${prefix}/result.json`);
  if (result === null)
    throw new UsageError(
      `"${model}" is no run that has finished, and no model (hf:org/name, s3://bucket/prefix, a folder)`,
    );
  const published = upgrade(formats.publishedRun, recordIn(result, `${prefix}/result.json`), `${prefix}/result.json`);
  const spec = isRecord(published.spec) ? published.spec : {};
  const { data, generation, reward, seed } = spec;
  if (!isRecord(data) || !isRecord(generation)) throw new UsageError(`"${model}" is no run with a model`);
  // Its tokenizer is the model's from here on.
  const { tokenizer, ...questions } = data;
  return { from: store.addressOf(`${prefix}/model`), data: questions, generation, reward, seed };
}

/** Of a run's result.json, with all its figures. */
const mostResultBytes = 64 * 2 ** 20;

/** @throws UsageError when it is no JSON object */
function recordIn(bytes: Uint8Array, name: string): object {
  const read = readForeignJson(bytes, mostResultBytes);
  if ('value' in read && isRecord(read.value)) return read.value;
  throw new UsageError(`${name} ${'problem' in read ? read.problem : 'is no result of a run'}`);
}

/** Another data set asked in the form that the model was trained on, as far as that is known. */
function otherData(source: string, trainedOn: unknown): SpecInput {
  if (!isRecord(trainedOn)) return { source };
  const { cot, docstring, promptFormat } = trainedOn;
  return { source, ...(cot === undefined ? {} : { cot, docstring, promptFormat }) };
}
