/** The ways to get one answer to a question, in the order of every table, and what they are called there. */
import { type MethodName, methods } from './methods.js';

/** What a measure is called with K samples a question, and what it does. */
const measures = {
  top1: { title: () => 'greedy', meaning: () => 'The most likely token at each place.' },
  voting: { title: (k: number) => `voting@${k}`, meaning: (k: number) => `The most frequent of ${k} sampled answers.` },
  reranking: {
    title: (k: number) => `reranking@${k}`,
    meaning: (k: number) => `The one of ${k} sampled answers that the reward model thinks best.`,
  },
  weightedVoting: {
    title: (k: number) => `weighted voting@${k}`,
    meaning: (k: number) => `Votes of ${k} sampled answers, weighted by the reward model.`,
  },
  upperBound: {
    title: (k: number) => `upper bound@${k}`,
    meaning: (k: number) => `Any of ${k} sampled answers is right.`,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<'title' | 'meaning', (samples: number) => string>>>>;

export type MeasureName = keyof typeof measures;

export const measureNames = Object.keys(measures) as MeasureName[];

/** `voting@8`, for 8 samples. */
export function measureTitle(measure: MeasureName, samples: number): string {
  return measures[measure].title(samples);
}

/** In a sentence. */
export function measureMeaning(measure: MeasureName, samples: number): string {
  return measures[measure].meaning(samples);
}

/** Of a comparison: `ReFT, seed 3`, `warm-up`; with `, warm-up 2` behind it where there are several. */
export function trainingTitle(
  { model, seed, warmUp }: { readonly model: 'warmUp' | MethodName; readonly seed?: number; readonly warmUp: number },
  severalWarmUps: boolean,
): string {
  if (seed === undefined) return `${modelTitle(model)}${severalWarmUps ? ` ${warmUp}` : ''}`;
  return `${modelTitle(model)}, seed ${seed}${severalWarmUps ? `, warm-up ${warmUp}` : ''}`;
}

/** What tables call a model: a method's, or the warm-up that all of them started from. */
export function modelTitle(model: 'warmUp' | MethodName): string {
  return model === 'warmUp' ? 'warm-up' : methods[model].title;
}
