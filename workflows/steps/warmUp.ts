/** The warm-up: supervised training on the annotated answers, an activity per epoch. */
import type { PreparedData } from '../../activities/data/types.js';
import { InvalidSpec } from '../../activities/errors.js';
import { required } from '../../activities/invariant.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import type { MethodName } from '../config/methods.js';
import { addWork, beginPhase, finishUnit, isStopped, noteShortage } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import type { RunState } from '../runState.js';
import { engine } from './activities.js';
import { longestAnswers, methodsOf, plannedSteps, planTraining } from './planMemory.js';
import { type Measured, validate } from './validate.js';

/**
 * Trains to the end of the warm-up (or to where it is stopped) and measures its validation accuracy.
 * @param methodNames those that are to train from it: what they need in memory is planned before the first step
 */
export async function warmUp(
  run: RunState,
  data: PreparedData,
  safePoint: () => Promise<void>,
  methodNames: readonly MethodName[] = methodsOf(run.spec),
): Promise<Measured> {
  const { spec, journal } = run;
  const phase = beginPhase(journal, 'warm-up', 'epoch', spec.warmUp.epochs);
  showProgress(journal);
  run.base ??= await startingModel(run, data);
  if (!run.warmUp) {
    const steps = plannedSteps(spec, data, methodNames);
    await planTraining(journal, run.base, steps, longestAnswers(spec, data), { given: spec.memory });
  }
  run.warmUp ??= { done: 0, checkpoint: run.base };
  let { done, checkpoint } = run.warmUp;
  while (done < spec.warmUp.epochs) {
    await safePoint();
    if (isStopped(journal, phase)) break;
    const trained = await engine.trainSupervised.executeWithOptions(
      { summary: `warm-up epoch ${done + 1}/${spec.warmUp.epochs}` },
      [
        {
          ...spec.warmUp,
          checkpoint,
          train: data.train,
          seed: spec.seed,
          purpose: 'order-warm-up',
          epoch: done,
          freshOptimiser: done === 0,
          memory: journal.budget,
        },
      ],
    );
    done += 1;
    checkpoint = trained.checkpoint;
    run.warmUp = { done, checkpoint };
    addWork(journal, 'warm-up', trained.work);
    noteShortage(journal, `warm-up epoch ${done}`, trained.halvedMemory);
    const metrics = { loss: trained.loss, gradientNorm: trained.gradientNorm, ...trained.scaling };
    journal.points.push({ phase: 'warm-up', step: done, metrics });
    finishUnit(phase, metrics);
    showProgress(journal);
  }
  const { accuracy, metrics } = await validate(journal, { spec, data }, checkpoint, 'validation, warm-up');
  journal.accuracy = accuracy;
  phase.metrics = { ...phase.metrics, ...metrics };
  showProgress(journal);
  return { checkpoint, accuracy, step: 0 };
}

/** The pretrained model, or a fresh one. */
async function startingModel({ spec, pretrained }: RunState, data: PreparedData): Promise<CheckpointRef> {
  const { model, lora, compute, seed } = spec;
  if (!('from' in model))
    return engine.initialiseModel.executeWithOptions({ summary: 'initialise the model' }, [
      { model, lora, compute, data, seed },
    ]);
  const { name, positions, checkpoint } = required(pretrained, 'the imported model');
  const longest = data.longestPrompt + data.longestAnswer;
  if (longest > positions)
    throw new InvalidSpec(
      `model.from: ${name} takes at most ${positions} tokens, but the longest prompt and answer of the data have ${longest}`,
    );
  return checkpoint;
}
