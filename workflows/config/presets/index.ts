/**
 * Named specs to start from: `{"preset": "demo"}` is a whole run, and any field given beside it overrides.
 *
 * The registry: another preset is a file here and a row below.
 */
import type { ComparisonPreset } from '../compare.js';
import type { SpecPreset } from '../spec.js';
import { codellama7bGsm8k } from './codellama7bGsm8k.js';
import { countdown } from './countdown.js';
import { demo } from './demo.js';
import { paperSmall } from './paperSmall.js';
import { paperSmallNatural } from './paperSmallNatural.js';
import { qwen0p5bGsm8k } from './qwen0p5bGsm8k.js';
import { qwen1p5bGsm8kLora } from './qwen1p5bGsm8kLora.js';
import { smoke } from './smoke.js';
import { smollm2SvampLora } from './smollm2SvampLora.js';
import { svamp } from './svamp.js';
import { svampSmall } from './svampSmall.js';
import { units } from './units.js';

interface Preset<Fields> {
  /** What it is for, as the documents say it. */
  readonly purpose: string;
  readonly fields: Fields;
  /** The least GPU that its memory plan fits, with questions of up to 300 tokens as the paper has them; left out, a machine without one will do. */
  readonly gpuGiB?: number;
}

export const presets: Readonly<Record<string, Preset<SpecPreset>>> = {
  demo: {
    purpose:
      'What `npm start` runs: generated word problems, and a model small enough for minutes on two cores. Each method that samples draws 20,000 answers to training questions.',
    fields: demo,
  },
  svamp: {
    purpose:
      'The model and the methods of the demo on the questions of SVAMP: far too hard for a model of this size without pretraining.',
    fields: svamp,
  },
  countdown: {
    purpose:
      'Number puzzles with several right answers, judged by a verifier in Python: what a reward of your own looks like. Minutes on two cores.',
    fields: countdown,
  },
  units: {
    purpose:
      'JSON Lines of one’s own and a scorer of one’s own, a Temporal worker in Python: `test/examples/units` has both, to copy from. It runs in seconds and learns little.',
    fields: units,
  },
  'smollm2-svamp-lora': {
    purpose:
      'A pretrained model on real questions. It trains adapters only, so that two cores go from import to report in well under an hour.',
    fields: smollm2SvampLora,
  },
  'qwen2.5-0.5b-gsm8k': {
    purpose: 'Every weight of a small pretrained model on GSM8K.',
    fields: qwen0p5bGsm8k,
    gpuGiB: 24,
  },
  'qwen2.5-1.5b-gsm8k-lora': {
    purpose: 'A larger one with LoRA on GSM8K.',
    fields: qwen1p5bGsm8kLora,
    gpuGiB: 40,
  },
  'codellama-7b-gsm8k': {
    purpose:
      'The paper’s main run, with LoRA: its epochs, batches, KL penalty and sampling on GSM8K, and a hundred samples for voting and reranking. `lora: null` is the paper’s own, which trains every weight; its learning rates are a tenth.',
    fields: codellama7bGsm8k,
    gpuGiB: 140,
  },
  smoke: { purpose: 'Touches every step in seconds and learns nothing: for tests.', fields: smoke },
};

export const comparisonPresets: Readonly<Record<string, Preset<ComparisonPreset>>> = {
  'paper-small': { purpose: 'The comparison of the paper at the size of the demo, in programs.', fields: paperSmall },
  'paper-small-natural': {
    purpose: '`paper-small` in words. The model works out the sums itself, so the numbers are small.',
    fields: paperSmallNatural,
  },
  'svamp-small': { purpose: 'The methods of `paper-small` on the questions of SVAMP.', fields: svampSmall },
};
