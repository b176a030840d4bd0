/**
 * A pool that remembers what programs gave. An outcome depends on the program alone, and a policy writes the same programs again, to
 * other samples of a question and in other rounds: of the demo's programs two thirds have run before.
 *
 * What a limit or a crash ended is not remembered: it says something of the moment too.
 */
import { required } from '../../invariant.js';
import type { ProgramFailure, ProgramOutcome } from './outcome.js';
import type { SandboxPool } from './pool.js';

/** Characters of all programs that are remembered: some ten thousands of them. */
const mostCharactersKept = 2 ** 22;

const ofTheMoment: ReadonlySet<ProgramFailure> = new Set(['timeout', 'memory', 'crash']);

/** @param mostCharacters of programs that are remembered; those that were run longest ago are forgotten first */
export function rememberPrograms(pool: SandboxPool, mostCharacters = mostCharactersKept): SandboxPool {
  /** Longest unused first. */
  const remembered = new Map<string, ProgramOutcome>();
  let characters = 0;

  function forget(program: string): void {
    if (remembered.delete(program)) characters -= program.length;
  }

  function remember(program: string, outcome: ProgramOutcome): void {
    forget(program);
    if (!outcome.ok && ofTheMoment.has(outcome.failure)) return;
    remembered.set(program, outcome);
    characters += program.length;
    for (const oldest of remembered.keys()) {
      if (characters <= mostCharacters) break;
      forget(oldest);
    }
  }

  return {
    ...pool,
    async run(programs, { signal, onProgress } = {}) {
      const outcomes = new Map<string, ProgramOutcome>();
      const unknown = new Set<string>();
      for (const program of programs) {
        const known = remembered.get(program);
        if (known === undefined) unknown.add(program);
        else outcomes.set(program, known);
      }
      const asked = [...unknown];
      const others = programs.length - asked.length;
      const found = await pool.run(asked, {
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined ? {} : { onProgress: (done) => onProgress(others + done) }),
      });
      for (const [index, outcome] of found.entries()) outcomes.set(required(asked[index], 'a program'), outcome);
      for (const [program, outcome] of outcomes) remember(program, outcome);
      return programs.map((program) => required(outcomes.get(program), 'the outcome of a program'));
    },
  };
}
