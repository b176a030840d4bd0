/**
 * Keeps training, validation and test problems apart by construction: a hash of a problem's canonical form decides where it
 * belongs, so no computation is ever in two of them, in whatever words, whatever the seed and however many are made.
 */
import { createHash } from 'node:crypto';

export type Split = 'train' | 'validation' | 'test';

/** Of all computations six tenths are for training, one for validation, three for the test. */
export function splitOf(canonicalForm: string): Split {
  const tenth = createHash('sha256').update(canonicalForm).digest().readUInt32BE(0) % 10;
  if (tenth < 6) return 'train';
  return tenth < 7 ? 'validation' : 'test';
}
