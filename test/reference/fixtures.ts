/** Reads the fixtures that the PyTorch scripts of this folder wrote, for the tests of the engine. */
import { readFileSync } from 'node:fs';
import type { LoraConfig } from '../../activities/engine/lora/adapters.js';
import type { LlamaConfig } from '../../activities/engine/models/index.js';
import type { ScheduledOptimiser } from '../../activities/engine/optim/index.js';
import type { AlgorithmChoice } from '../../activities/engine/rl/index.js';
import type { TokenSequence } from '../../activities/engine/training/layout.js';
import type { Parameters } from '../../activities/engine/weights/parameters.js';

type StoredTensors = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: string }>>;

interface StoredModel {
  readonly config: LlamaConfig;
  readonly parameters: StoredTensors;
  readonly gradients: StoredTensors;
}

/** Three supervised steps. `logits`, `gradients` and the first loss belong to the first batch. */
export interface LlamaFixture extends StoredModel {
  readonly optimiser: ScheduledOptimiser;
  readonly batches: readonly (readonly TokenSequence[])[];
  /** `[sequence, answer token, vocabulary]`: the distribution each answer token was predicted from. */
  readonly logits: readonly (readonly (readonly number[])[])[];
  readonly losses: readonly number[];
  /** Before clipping. */
  readonly gradientNorms: readonly number[];
  readonly parametersAfter: StoredTensors;
}

/** One batch of another architecture; `configJson` is as transformers has it. `gradients` may be empty. */
export interface ArchitectureFixture {
  readonly configJson: Readonly<Record<string, unknown>>;
  readonly sequences: readonly TokenSequence[];
  readonly parameters: StoredTensors;
  readonly logits: LlamaFixture['logits'];
  /** Ten tokens after each sequence's prompt, the end token one like any other. */
  readonly greedy: readonly (readonly number[])[];
  readonly loss: number;
  readonly gradients: StoredTensors;
}

/** Lists by rollout, then by answer token. */
type PerToken = readonly (readonly number[])[];

/** One PPO update: four optimiser steps. `gradients` belong to the first. */
export interface PpoFixture extends StoredModel {
  readonly optimiser: ScheduledOptimiser;
  readonly klCoefficient: number;
  readonly valueCoefficient: number;
  readonly gamma: number;
  readonly lambda: number;
  readonly clipRange: number;
  readonly valueClipRange: number;
  readonly rollouts: readonly (TokenSequence & { readonly reward: number })[];
  readonly miniBatches: readonly (readonly number[])[];
  readonly batch: {
    readonly logProbs: PerToken;
    readonly referenceLogProbs: PerToken;
    readonly values: PerToken;
    readonly entropies: PerToken;
    readonly rewards: PerToken;
    readonly advantages: PerToken;
    readonly returns: PerToken;
    readonly whitenedAdvantages: PerToken;
  };
  readonly klPerToken: number;
  readonly klPerSequence: number;
  readonly entropyPerSequence: number;
  readonly explainedVariance: number;
  readonly steps: readonly {
    readonly policyLoss: number;
    readonly valueLoss: number;
    readonly loss: number;
    readonly gradientNorm: number;
    readonly logProbs: PerToken;
    readonly values: PerToken;
    readonly ratio: number;
    readonly largestRatio: number;
    readonly approximateKl: number;
    readonly clipFraction: number;
  }[];
  readonly reference: StoredTensors;
  readonly parametersAfter: StoredTensors;
}

/** PPO with a fixture's coefficients. */
export function ppoOf({
  klCoefficient,
  valueCoefficient,
  gamma,
  lambda,
  clipRange,
  valueClipRange,
}: MethodsFixture['ppo']): AlgorithmChoice {
  return { name: 'ppo', klCoefficient, valueCoefficient, gamma, lambda, clipRange, valueClipRange };
}

/** One round of every method from the same weights and samples; names as in the specification, grpo's and rloo's with their options. */
export interface MethodsFixture {
  readonly config: LlamaConfig;
  readonly optimiser: ScheduledOptimiser;
  readonly keepPerQuestion: number;
  readonly maxAnswerTokens: number;
  readonly clipRange: number;
  readonly klCoefficient: number;
  readonly miniBatches: readonly (readonly number[])[];
  readonly ppo: Pick<
    PpoFixture,
    'klCoefficient' | 'valueCoefficient' | 'gamma' | 'lambda' | 'clipRange' | 'valueClipRange'
  >;
  readonly questions: readonly TokenSequence[];
  readonly samples: readonly (TokenSequence & {
    readonly question: number;
    readonly reward: number;
    readonly truncated: boolean;
  })[];
  /** With a value head, which only `reft` has. */
  readonly parameters: StoredTensors;
  readonly reference: StoredTensors;
  readonly rounds: Readonly<
    Record<string, { readonly losses: readonly number[]; readonly parametersAfter: StoredTensors }>
  >;
  /** The second step of `reft two passes`, whose ratios and values are clipped at `clipRange`. */
  readonly secondPass: Readonly<
    Record<'policyLoss' | 'valueLoss' | 'ratio' | 'largestRatio' | 'approximateKl' | 'clipFraction', number>
  >;
}

/** One round of two steps for each algorithm with its options, from the same weights and samples. `gradients` belong to the first. */
export interface AlgorithmsFixture {
  readonly config: LlamaConfig;
  readonly optimiser: ScheduledOptimiser;
  readonly maxAnswerTokens: number;
  readonly miniBatches: readonly (readonly number[])[];
  readonly samples: readonly (TokenSequence & {
    readonly question: number;
    readonly reward: number;
    readonly truncated: boolean;
    readonly samplerLogProbs: readonly number[];
  })[];
  /** With a value head, which only PPO has. */
  readonly parameters: StoredTensors;
  readonly reference: StoredTensors;
  readonly rounds: Readonly<
    Record<
      string,
      {
        readonly algorithm: AlgorithmChoice;
        readonly losses: readonly number[];
        readonly gradients: StoredTensors;
        readonly parametersAfter: StoredTensors;
      }
    >
  >;
}

export interface RewardModelFixture extends StoredModel {
  readonly sequences: readonly (TokenSequence & { readonly correct: boolean })[];
  /** `[sequence, 2]`; class 1 is "right". */
  readonly logits: readonly (readonly number[])[];
  readonly probabilities: readonly number[];
  readonly loss: number;
  readonly gradientNorm: number;
}

/** Three steps of adapters on the model of `llama-grouped`, on its batches. `gradients` belong to the first. */
export interface LoraFixture {
  readonly lora: LoraConfig;
  readonly adapters: StoredTensors;
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
  readonly gradients: StoredTensors;
  readonly adaptersAfter: StoredTensors;
}

/** Adapters on the model of `gpt2`, for its sequences. */
export interface Gpt2LoraFixture {
  readonly lora: LoraConfig;
  readonly adapters: StoredTensors;
  readonly loss: number;
  readonly gradients: StoredTensors;
}

/** A real model's logits: at every position of a text those of each `stride`-th token, and what all of them come to. */
export interface Smollm2Fixture {
  /** Of `model.safetensors`, float16. */
  readonly weightsSha256: string;
  readonly stride: number;
  readonly texts: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly logits: readonly (readonly number[])[];
    readonly largest: readonly number[];
    readonly tokens: readonly number[];
    readonly logSums: readonly number[];
  }[];
}

export const architectures = [
  ...(['qwen2', 'qwen3', 'mistral', 'smollm3', 'gemma3', 'llama-biased', 'gpt2', 'opt', 'galactica'] as const),
  ...(['rope-linear', 'rope-llama3', 'rope-yarn'] as const),
] as const;

interface Fixtures extends Readonly<Record<(typeof architectures)[number], ArchitectureFixture>> {
  readonly 'llama-tied': LlamaFixture;
  readonly 'llama-grouped': LlamaFixture;
  readonly ppo: PpoFixture;
  readonly methods: MethodsFixture;
  readonly algorithms: AlgorithmsFixture;
  readonly 'reward-model': RewardModelFixture;
  readonly lora: LoraFixture;
  readonly 'lora-gpt2': Gpt2LoraFixture;
  readonly smollm2: Smollm2Fixture;
}

export function readFixture<Name extends keyof Fixtures>(name: Name): Fixtures[Name] {
  const text = readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8');
  // The scripts train with PyTorch's AdamW.
  return JSON.parse(text, (key, value) => (key === 'optimiser' ? { name: 'adamw', ...value } : value));
}

/** Decodes stored tensors into arrays of their own, so that a test may update them in place. */
export function decodeTensors(stored: StoredTensors): Parameters {
  return new Map(
    Object.entries(stored).map(([name, { shape, data }]) => {
      const bytes = new Uint8Array(Buffer.from(data, 'base64'));
      return [name, { shape, data: new Float32Array(bytes.buffer) }];
    }),
  );
}

/** Largest absolute difference, as a share of the largest expected value. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} values where ${expected.length} are expected`);
  let difference = 0;
  let size = 0;
  for (let index = 0; index < expected.length; index++) {
    const [value, truth] = [actual[index] ?? Number.NaN, expected[index] ?? Number.NaN];
    if (!Number.isFinite(value)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(value - truth));
    size = Math.max(size, Math.abs(truth));
  }
  return size === 0 ? difference : difference / size;
}
