/**
 * The first look at what a specification is given as, before anything walks through it: an object, small and shallow enough to be one,
 * and without secrets. It takes no recursion, so that no depth can exhaust the stack.
 */
import { InvalidSpec } from '../../activities/errors.js';
import { show } from './explain.js';
import { secretIn } from './secrets.js';

/** A specification nests some six deep; a program of a verifier or a prompt may be long. */
const most = { depth: 32, values: 100_000, characters: 1_000_000 } as const;

interface Place {
  readonly value: unknown;
  readonly path: string;
  readonly depth: number;
}

/**
 * @param example of what would be right, for the message
 * @throws InvalidSpec naming the field; a secret itself is never in the message
 */
export function admitSpec(input: unknown, example: string): Readonly<Record<string, unknown>> {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new InvalidSpec(
      `got ${Array.isArray(input) ? 'a list' : show(input)}, allowed: an object, such as ${example}`,
    );
  const problems: string[] = [];
  let values = 0;
  let characters = 0;
  const left: Place[] = [{ value: input, path: '', depth: 0 }];
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    const { value, path, depth } = place;
    values += 1;
    if (depth > most.depth)
      throw new InvalidSpec(`${start(path)}: nested ${depth} deep, allowed: at most ${most.depth}`);
    if (values > most.values) throw new InvalidSpec(`more than ${most.values} values, allowed: at most as many`);
    if (typeof value === 'string') {
      characters += value.length;
      const secret = secretIn(value);
      if (secret !== undefined)
        problems.push(`${path}: holds ${secret}. A specification is kept in histories and reports`);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, field] of Object.entries(value)) {
        characters += key.length;
        left.push({ value: field, path: path === '' ? key : `${path}.${key}`, depth: depth + 1 });
      }
    }
    if (characters > most.characters)
      throw new InvalidSpec(`more than ${most.characters} characters, allowed: at most as many`);
  }
  if (problems.length > 0) throw new InvalidSpec(...problems);
  return input as Readonly<Record<string, unknown>>;
}

/** The first fields of a path, which may be as long as it is deep. */
function start(path: string): string {
  return path.length > 60 ? `${path.slice(0, 57)}…` : path;
}
