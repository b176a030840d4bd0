/**
 * Changes of what workflows do, in which order: behind a patch each, so that runs which are under way keep to the earlier order.
 *
 * `since(name)` is true in a run that gets to it first with this code, and false in one that has passed it before; Temporal writes in the
 * run's history which it was. Once no run from before is left, `deprecatePatch(name)` takes the condition's place, and the row here goes;
 * when no run with the mark is left either, that line goes as well. CONTRIBUTING.md ("Change a workflow") has it step by step.
 */
import { patched } from '@temporalio/workflow';

/** What each changed. */
const patches = {
  'keep-start': 'A training begins with the activity keepStart, so that other runs can branch from it.',
  'draw-together': 'The samples that a reward model learns from are drawn from both models at once.',
  'measure-together': 'Models are measured at once, shard by shard, and not one after the other.',
  'samples-in-parts': 'Samples for self-training and for the reward model may be drawn in several executions.',
  'baseline-watched':
    'A run looks whether its SFT baseline is still there, and begins it anew where it has ended unheard.',
  'partial-report': 'A run that is cancelled keeps its best checkpoint and writes a partial report.',
} as const;

export function since(name: keyof typeof patches): boolean {
  return patched(name);
}
