/** The baseline: supervised training on the annotated answers, continued from the warm-up. */

import { trainInEpochs } from './epochs.js';
import { type MethodInput, type MethodResult, type MethodState, settingsOf, type TrainMethod } from './method.js';
import { asWorkflow } from './training.js';

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

export async function continueSft(input: MethodInput, carried?: MethodState): Promise<MethodResult> {
  return asWorkflow(trainSft, input, carried);
}
