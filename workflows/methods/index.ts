/** Every method's training, by the method's name. */
import { workflowInfo } from '@temporalio/workflow';
import type { DifficultySpec } from '../config/difficulty.js';
import { isPolicyMethod, type MethodName } from '../config/methods.js';
import { since } from '../patches.js';
import { general } from '../steps/activities.js';
import { chooseQuestions } from '../steps/difficulty.js';
import type { MethodState, SharedStart, TrainMethod } from './method.js';
import { trainOfflineSelfTraining } from './offlineSelfTraining.js';
import { trainExpertIteration, trainOnlineSelfTraining } from './onSamples.js';
import { trainPolicy } from './policy.js';
import { trainSft } from './sft.js';

/** Its training, which other runs can branch from. */
export function trainMethod(method: MethodName): TrainMethod {
  return async (run, shared, safePoint) => {
    if (!run.startKept && since('keep-start')) await keepStart(run, shared);
    const { difficulty } = run.spec;
    // Nothing is awaited where there is nothing to choose: the order of steps stays that of histories from before.
    const own = difficulty === null || method === 'sft' ? shared : await withChosen(difficulty, run, shared, safePoint);
    return trainBy(method)(run, own, safePoint);
  };
}

/** The start with the questions that `difficulty` leaves. SFT has all: it learns from annotated answers, whatever the model can do. */
async function withChosen(
  difficulty: DifficultySpec,
  run: MethodState,
  shared: SharedStart,
  safePoint: () => Promise<void>,
): Promise<SharedStart> {
  if (run.chosen === undefined) {
    const chosen = await chooseQuestions(run, shared, difficulty, safePoint);
    if (chosen === undefined) return shared;
    run.chosen = chosen;
    // The start was kept before, so that a run can branch from here where no question is left; now a branch finds them chosen.
    await keepStart(run, shared);
  }
  return { ...shared, data: { ...shared.data, train: run.chosen.train } };
}

async function keepStart(run: MethodState, { data, start, base }: SharedStart): Promise<void> {
  const { spec, journal, training, pretrained, chosen, lineage = [] } = run;
  const { done: round, checkpoint } = training ?? { done: 0, checkpoint: start.checkpoint };
  const { workflowId } = workflowInfo();
  await general.keepStart.executeWithOptions({ summary: 'keep the start of the training' }, [
    {
      run: workflowId,
      spec,
      data,
      start,
      base,
      first: { round, checkpoint, memory: journal.budget },
      lineage,
      ...(pretrained ? { pretrained } : {}),
      ...(chosen ? { chosen } : {}),
    },
  ]);
  run.startKept = true;
}

function trainBy(method: MethodName): TrainMethod {
  if (isPolicyMethod(method)) return trainPolicy(method);
  switch (method) {
    case 'sft':
      return trainSft;
    case 'offline-self-training':
      return trainOfflineSelfTraining;
    case 'online-self-training':
      return trainOnlineSelfTraining;
    case 'expert-iteration':
      return trainExpertIteration;
  }
}
