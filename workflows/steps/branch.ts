/** A run that branches from another (`startFrom` of its specification): the state that it goes on from. */
import { InvalidSpec } from '../../activities/errors.js';
import { differencesFrom } from '../config/differencesFrom.js';
import { methods } from '../config/methods.js';
import { resolveSpec } from '../config/resolve.js';
import type { Spec } from '../config/spec.js';
import type { StartFrom } from '../config/startFrom.js';
import { beginPhase, finishUnit } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import type { RunState } from '../runState.js';
import { general } from './activities.js';
import { longestAnswers, plannedSteps, planTraining } from './planMemory.js';
import { checkRewards } from './prepare.js';
import { countRounds } from './selections.js';
import { validate } from './validate.js';

/**
 * Fills `run` as the earlier run was after that round, but for what is best so far: that is the checkpoint it leaves from, measured
 * anew. Questions and the warm-up, the KL penalty's reference, stay those of the earlier run, and so does the memory that steps keep to,
 * unless the specification says another or its steps do not fit: with the same settings, the branch ends in the same bits.
 * @throws InvalidSpec before any work, where there is nothing of the kind to go on from
 */
export async function branch(run: RunState, startFrom: StartFrom): Promise<void> {
  const { spec, journal } = run;
  const { round } = startFrom;
  const phase = beginPhase(journal, 'prepare', 'step', 1);
  showProgress(journal);
  const summary = `find round ${round} of ${startFrom.run}`;
  const found = await general.findBranch.executeWithOptions({ summary }, [startFrom]);
  const { data, start, base, checkpoint, pretrained, chosen } = found;
  const from = resolveSpec(found.spec);
  const asBefore = JSON.stringify(spec.difficulty) === JSON.stringify(from.difficulty);
  if (chosen && asBefore) run.chosen = chosen;
  const { count } = run.chosen ? run.chosen.train : data.train;
  const problems = [...differencesFrom(spec, from, startFrom), ...roundProblems(spec, count, round)];
  if (problems.length > 0) throw new InvalidSpec(...problems);
  await checkRewards(spec.reward);
  const sameMemory = JSON.stringify(spec.memory) === JSON.stringify(from.memory);
  await planTraining(journal, checkpoint, plannedSteps(spec, data), longestAnswers(spec, data), {
    given: spec.memory,
    ...(sameMemory ? { before: found.memory } : {}),
  });
  if (round > 0) {
    const { accuracy } = await validate(journal, { spec, data }, checkpoint, `validation, ${startFrom.run}`);
    journal.accuracy = accuracy;
    run.training = { done: round, checkpoint, best: { checkpoint, accuracy, step: round }, withoutGain: 0 };
  }
  run.lineage = [...found.lineage, { run: startFrom.run, round, checkpoint: checkpoint.sha256 }];
  run.notes.push(
    `Branched from ${[...run.lineage]
      .reverse()
      .map((ancestor) => `${ancestor.run} after round ${ancestor.round} (checkpoint ${ancestor.checkpoint})`)
      .join(', which was branched from ')}.`,
  );
  if (pretrained) run.pretrained = pretrained;
  run.base = base;
  run.warmUpEnd = start;
  run.data = data;
  finishUnit(phase, { questions: data.train.count, vocabulary: data.vocabularySize });
}

/** A branch that leaves where this run's own rounds are over has nothing to do. */
function roundProblems(spec: Spec, questions: number, round: number): readonly string[] {
  const settings = spec[methods[spec.method].section];
  if (settings === null) return [];
  const total = 'questionsPerRound' in settings ? countRounds(settings, questions) : settings.epochs;
  if (round < total) return [];
  return [`startFrom.round: got ${round}, allowed: less than ${total}, the rounds of this run`];
}
