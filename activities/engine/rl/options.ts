/** Options that several algorithms have. */
import { z } from 'zod';

export const clipRangeOption = z
  .number()
  .positive()
  .default(0.2)
  .describe('ε of the clipped policy loss: how far π / π_old counts beyond 1 ± ε (paper, 4.3: 0.2).');
