/** The registry of targets. */
import type { Target } from '../target.js';
import { annotations } from './annotations.js';
import { answers } from './answers.js';
import { csvRows, gzip, jsonArray, jsonLines, parquet, tsvRows, xmlRows } from './data.js';
import { config, generationConfig, safetensors, tokenizerConfig, weightsIndex } from './model.js';
import { checkpoint, dataSet, heartbeats, publishedNotes, scoredSamples } from './objects.js';
import { activityReward, httpReward } from './scorers.js';
import { spec } from './spec.js';
import { chatTemplate, tokenizer } from './tokenizer.js';

export const targets: Readonly<Record<string, Target>> = {
  spec,
  jsonLines,
  jsonArray,
  csvRows,
  tsvRows,
  parquet,
  gzip,
  xmlRows,
  annotations,
  answers,
  config,
  generationConfig,
  tokenizerConfig,
  safetensors,
  weightsIndex,
  tokenizer,
  chatTemplate,
  httpReward,
  activityReward,
  checkpoint,
  dataSet,
  scoredSamples,
  publishedNotes,
  heartbeats,
};
