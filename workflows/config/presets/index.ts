/**
 * Named specs to start from: `{"preset": "demo"}` is a whole run, and any field given beside it overrides.
 *
 * The registry: another preset is a file here and a row below.
 */
import type { ComparisonPreset } from '../compare.js';
import type { SpecPreset } from '../spec.js';
import { countdown } from './countdown.js';
import { demo } from './demo.js';
import { paperSmall } from './paperSmall.js';
import { paperSmallNatural } from './paperSmallNatural.js';
import { smoke } from './smoke.js';
import { smollm2SvampLora } from './smollm2SvampLora.js';
import { svamp } from './svamp.js';
import { svampSmall } from './svampSmall.js';
import { units } from './units.js';

interface Preset<Fields> {
  /** What it is for, as the documents say it. */
  readonly purpose: string;
  readonly fields: Fields;
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
