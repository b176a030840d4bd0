/** The preset `svamp-small` of comparisons. */
import type { ComparisonPreset } from '../compare.js';
import { paperSmall } from './paperSmall.js';

export const svampSmall: ComparisonPreset = {
  ...paperSmall,
  title: 'The paper’s comparison, on SVAMP from scratch',
  run: { preset: 'svamp' },
  seeds: [1, 2, 3],
};
