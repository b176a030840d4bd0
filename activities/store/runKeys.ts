/**
 * The keys of a run's results: `runs/<run id>/…`.
 *
 * A run id is a workflow id, so it may hold any character. Letters, digits, `.`, `_` and `-` stay; every other byte of its
 * UTF-8 form becomes `~` and two hex digits (`a/b` → `a~2Fb`), as does a leading dot. So every id gives one folder name on any
 * server, and no two ids share one. A name above 200 characters is cut and ends in `~-` and a hash.
 */
import { sha256OfBytes } from './digest.js';

const longestName = 200;

/** Prefix of what is kept of a run that was cancelled, without a slash at its end. */
export function partialPrefix(runId: string): string {
  return `${runPrefix(runId)}/partial`;
}

/** Prefix of a run's keys, without a slash at its end. */
export function runPrefix(runId: string): string {
  const name = Array.from(Buffer.from(runId), (byte, index) => {
    const character = String.fromCharCode(byte);
    const plain = /[A-Za-z0-9._-]/.test(character) && !(index === 0 && character === '.');
    return plain ? character : `~${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
  if (name.length <= longestName) return `runs/${name}`;
  return `runs/${name.slice(0, longestName - 34)}~-${sha256OfBytes(Buffer.from(runId)).slice(0, 32)}`;
}
