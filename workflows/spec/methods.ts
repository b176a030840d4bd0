/**
 * The methods a run can train with, by the names a specification gives them.
 *
 * Each starts from the warm-up (offline self-training samples it, and trains the model before it), and runs inside `reft` or as
 * a workflow of its own.
 */
export const methods = {
  sft: { title: 'SFT', section: 'sft', workflow: 'continueSft' },
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

/** Baselines first. */
export const methodNames = Object.keys(methods) as MethodName[];
