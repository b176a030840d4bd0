/**
 * The methods a run can train with, by the names a specification gives them: supervised ones, and one for each
 * reinforcement-learning algorithm of the engine's registry, ReFT being PPO.
 *
 * Each starts from the warm-up (offline self-training samples it, and trains the model before it), and runs inside `reft` or as
 * a workflow of its own. The workflow type `reft` runs any of them, as the specification says; the others' names are workflow
 * types with that method.
 */
import { type AlgorithmName, algorithmNames, algorithms } from '../../activities/engine/rl/index.js';
import { type SectionOf, sectionOf } from './algorithms.js';

interface Method {
  /** What tables and charts call it. */
  readonly title: string;
  /** The field of the specification with its settings. */
  readonly section: string;
  /** What its training, work and curves are called in data, and in words. */
  readonly phase: string;
  readonly training: string;
}

const supervised = {
  sft: { title: 'SFT', section: 'sft', phase: 'sft', training: 'SFT' },
  'offline-self-training': {
    title: 'offline self-training',
    section: 'offlineSelfTraining',
    phase: 'offline-self-training',
    training: 'Offline self-training',
  },
  'online-self-training': {
    title: 'online self-training',
    section: 'onlineSelfTraining',
    phase: 'online-self-training',
    training: 'Online self-training',
  },
  'expert-iteration': {
    title: 'expert iteration',
    section: 'expertIteration',
    phase: 'expert-iteration',
    training: 'Expert iteration',
  },
} as const satisfies Readonly<Record<string, Method>>;

/** ReFT is the paper's name for PPO after a warm-up. */
type MethodOf<Name extends AlgorithmName> = Name extends 'ppo' ? 'reft' : Name;

type PolicyMethods = {
  readonly [Name in AlgorithmName as MethodOf<Name>]: {
    readonly title: string;
    readonly section: SectionOf<Name>;
    readonly phase: Name;
    readonly training: string;
    readonly algorithm: Name;
  };
};

const policy = Object.fromEntries(
  algorithmNames.map((algorithm) => [
    algorithm === 'ppo' ? 'reft' : algorithm,
    {
      title: algorithm === 'ppo' ? 'ReFT' : algorithms[algorithm].title,
      section: sectionOf(algorithm),
      phase: algorithm,
      training: algorithms[algorithm].title,
      algorithm,
    },
  ]),
) as PolicyMethods;

export const methods = { ...supervised, ...policy };

export type MethodName = keyof typeof methods;
export type PolicyMethodName = keyof PolicyMethods;

/** The name of a method's training, its work and curves: ReFT's is PPO. */
export type TrainingPhase = (typeof methods)[MethodName]['phase'];

/** Baselines first. */
export const methodNames = Object.keys(methods) as MethodName[];
export const policyMethodNames = Object.keys(policy) as PolicyMethodName[];

export function trainingPhaseOf(method: MethodName): TrainingPhase {
  return methods[method].phase;
}

/** The algorithm of a method that learns from rewards, undefined for the others. */
export function algorithmOf(method: MethodName): AlgorithmName | undefined {
  return isPolicyMethod(method) ? policy[method].algorithm : undefined;
}

export function isPolicyMethod(method: MethodName): method is PolicyMethodName {
  return Object.hasOwn(policy, method);
}
