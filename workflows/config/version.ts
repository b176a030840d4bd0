/** The field `version` of specifications: which form of theirs they have. */
import { z } from 'zod';
import { type Format, versionOf } from '../../activities/formats.js';

/** Older forms have been upgraded, and newer ones refused, before a schema sees a specification. */
export function versionField(format: Format) {
  return z
    .literal(versionOf(format))
    .default(versionOf(format))
    .describe('Version of this form. Left out, it is the first. Older ones are upgraded, newer ones refused.');
}
