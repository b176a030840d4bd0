/** The baseline: supervised training on the annotated answers, continued from the warm-up. */

import { trainInEpochs } from './epochs.js';
import { settingsOf, type TrainMethod } from './method.js';

export const trainSft: TrainMethod = (run, shared, safePoint) =>
  trainInEpochs(run, shared, safePoint, {
    phase: 'sft',
    title: 'SFT',
    settings: settingsOf(run.spec, 'sft'),
    train: shared.data.train,
    from: shared.start.checkpoint,
    beat: shared.start,
    purpose: 'order-sft',
  });
