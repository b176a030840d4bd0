/**
 * Offline self-training: samples of the warm-up on the training questions, the right ones added to the annotated answers, and
 * supervised training on all of them from the model before the warm-up.
 */

import { beginPhase } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import { general } from '../steps/activities.js';
import { sampleWarmUp } from '../steps/sampleWarmUp.js';
import { trainInEpochs } from './epochs.js';
import { settingsOf, type TrainMethod } from './method.js';

const phase = 'offline-self-training';

export const trainOfflineSelfTraining: TrainMethod = async (run, shared, safePoint) => {
  const { data, start, base } = shared;
  const { spec, journal } = run;
  const { samplesPerQuestion, keepPerQuestion, ...settings } = settingsOf(spec, phase);
  const training = beginPhase(journal, phase, 'epoch', settings.epochs);
  showProgress(journal);
  if (run.enlarged === undefined) {
    const purpose = 'sample-self-training';
    const asked = {
      samples: samplesPerQuestion,
      purpose,
      label: 'for self-training',
      work: `${phase} samples`,
    } as const;
    const scored = await sampleWarmUp(run, shared, { ...asked, phase: training }, safePoint);
    if (scored === undefined) return start;
    const { tokenizer, endTokens, padToken } = data;
    const summary = 'add right samples to the annotated answers';
    const { train } = await general.addSamples.executeWithOptions({ summary }, [
      { train: data.train, scored, keepPerQuestion, tokenizer, endTokens, padToken },
    ]);
    run.enlarged = train;
    delete run.samples;
  }
  const best = await trainInEpochs(run, shared, safePoint, {
    phase,
    title: 'self-training',
    settings,
    train: run.enlarged,
    from: base,
    // Its result is a model of its own, whether or not that beats the warm-up.
    beat: { ...start, accuracy: 0 },
    purpose: 'order-self-training',
  });
  return run.training?.done ? best : start;
};
