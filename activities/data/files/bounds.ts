/**
 * What a file and a row may be, whatever format they come in: the one place where files of strangers are bounded. A row beyond a bound is
 * listed and left out, like any other that cannot be used.
 */

/** Of a file. It is read piece by piece; it lies on the disk as it came, and once more where it is unpacked. */
export const mostFileBytes = 32 * 2 ** 30;
/** Of a row's text in its file. */
export const mostRowBytes = 4 * 2 ** 20;
/** Of one text in a row: a question, an answer, a message. */
export const mostTextCharacters = 200_000;
/** Of the columns that are kept for rewards, as JSON: with a usual question and answer a row fits into a scorer's batch. */
export const mostColumnBytes = 256 * 2 ** 10;
/** Of lists and records inside each other. */
export const mostDepth = 32;

export const rowTooLarge = `row is larger than ${mostRowBytes / 2 ** 20} MiB`;

/** What is beyond a bound in a row's value; null where nothing is. */
export function boundProblem(value: unknown, depth = 0): string | null {
  if (typeof value === 'string')
    return value.length > mostTextCharacters
      ? `a text of the row has more than ${mostTextCharacters} characters`
      : null;
  if (typeof value !== 'object' || value === null) return null;
  if (depth === mostDepth) return `row nests lists or records more than ${mostDepth} deep`;
  for (const part of Object.values(value)) {
    const problem = boundProblem(part, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}
