/**
 * Named specifications to start from: `{"preset": "demo"}` is a whole run, and any field given beside it overrides.
 *
 * The registry: another preset is a file here and a line below.
 */
import type { ComparisonPreset } from '../compare.js';
import type { SpecPreset } from '../spec.js';
import { demo } from './demo.js';
import { paperSmall } from './paperSmall.js';
import { paperSmallNatural } from './paperSmallNatural.js';
import { smoke } from './smoke.js';
import { smollm2SvampLora } from './smollm2SvampLora.js';
import { svamp } from './svamp.js';
import { svampSmall } from './svampSmall.js';

export const presets: Readonly<Record<string, SpecPreset>> = {
  demo,
  svamp,
  'smollm2-svamp-lora': smollm2SvampLora,
  smoke,
};

export const comparisonPresets: Readonly<Record<string, ComparisonPreset>> = {
  'paper-small': paperSmall,
  'paper-small-natural': paperSmallNatural,
  'svamp-small': svampSmall,
};
