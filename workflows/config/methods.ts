/**
 * The methods a run can train with, by the names a specification gives them.
 *
 * Each starts from the warm-up (offline self-training samples it, and trains the model before it), and runs inside `reft` or as
 * a workflow of its own.
 *
 * The workflow type `reft` runs any of them, as the specification says; the others' names are workflow types with that method.
 */
export const methods = {
  sft: { title: 'SFT', section: 'sft', workflow: 'continueSft' },
  'offline-self-training': {
    title: 'offline self-training',
    section: 'offlineSelfTraining',
    workflow: 'continueOfflineSelfTraining',
  },
  'online-self-training': {
    title: 'online self-training',
    section: 'onlineSelfTraining',
    workflow: 'continueOnlineSelfTraining',
  },
  'expert-iteration': { title: 'expert iteration', section: 'expertIteration', workflow: 'continueExpertIteration' },
  grpo: { title: 'GRPO', section: 'groupPolicy', workflow: 'continueGrpo' },
  rloo: { title: 'RLOO', section: 'groupPolicy', workflow: 'continueRloo' },
  reft: { title: 'ReFT', section: 'ppo', workflow: 'continuePpo' },
} as const satisfies Readonly<Record<string, Method>>;

interface Method {
  /** What tables and charts call it. */
  readonly title: string;
  /** The field of the specification with its settings. */
  readonly section: string;
  /** The workflow type that trains with it from a warm-up that is there already. */
  readonly workflow: string;
}

export type MethodName = keyof typeof methods;

/** The name of a method's training, its work and curves: ReFT's is PPO. */
export type TrainingPhase = Exclude<MethodName, 'reft'> | 'ppo';

export function trainingPhaseOf(method: MethodName): TrainingPhase {
  return method === 'reft' ? 'ppo' : method;
}

/** Baselines first. */
export const methodNames = Object.keys(methods) as MethodName[];
