/**
 * Answers of the warm-up model to all training questions, at temperature 1, in as many executions as it takes: what offline self-training
 * and the measuring of difficulty begin with. Shards that are done are kept with the run's state, so none is sampled again.
 */
import type { ObjectRef } from '../../activities/store/types.js';
import type { MethodState, SharedStart } from '../methods/method.js';
import { isStopped, type Phase } from '../monitoring/journal.js';
import { type AnswerRequest, answerPart } from './rollout.js';

export interface SampleRequest extends Pick<AnswerRequest, 'samples' | 'purpose' | 'label' | 'onShard'> {
  /** Whose work it is. */
  readonly work: string;
  readonly phase: Phase;
}

/** Scored answers, a reference a shard; undefined where the run is stopped before all are there. Whoever has used them deletes `run.samples`. */
export async function sampleWarmUp(
  run: MethodState,
  { data, start }: SharedStart,
  { work, phase, ...request }: SampleRequest,
  safePoint: () => Promise<void>,
): Promise<readonly ObjectRef[] | undefined> {
  const { spec, journal } = run;
  await safePoint();
  if (isStopped(journal, phase)) return undefined;
  const scored = run.samples ?? [];
  run.samples = scored;
  const { checkpoint } = start;
  const asked = {
    ...request,
    journal,
    spec,
    data,
    checkpoint,
    questions: data.train,
    temperature: 1,
    round: 0,
  } as const;
  while (!(await answerPart(asked, work, scored))) {
    await safePoint();
    if (isStopped(journal, phase)) return undefined;
  }
  return scored;
}
