/** What a shell offers for an argument that may be other things as well: names of presets, where a file would do. */
import type { Argument } from 'commander';

const suggested = new WeakMap<Argument, readonly string[]>();

/** The argument, for which the shell offers the words beside files. */
export function suggesting(argument: Argument, words: readonly string[]): Argument {
  suggested.set(argument, words);
  return argument;
}

export function suggestionsFor(argument: Argument): readonly string[] {
  return suggested.get(argument) ?? [];
}
