/** Names of a program's variables, each given once. */
import { at } from '../../invariant.js';

/** The first of the candidates, of which there is at least one, that is not taken; else the first with a number behind it. It is taken now. */
export function freeName(candidates: readonly string[], taken: Set<string>): string {
  const first = at(candidates, 0);
  let name = candidates.find((candidate) => !taken.has(candidate)) ?? first;
  for (let number = 2; taken.has(name); number++) name = `${first}_${number}`;
  taken.add(name);
  return name;
}
