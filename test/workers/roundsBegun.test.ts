/** Rounds found in committed histories. */
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { expect, it } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { roundsBegun } from '../../workers/command/roundsBegun.js';
import { readWorkflows } from '../histories/files.js';

const rounds = (workflow: string): readonly number[] =>
  readWorkflows(packageFile.version)
    .filter(({ workflowId }) => workflowId === workflow)
    .flatMap(({ executions }) => executions)
    .flatMap((execution) => roundsBegun(historyFromJSON(execution).events ?? []))
    .map(({ done }) => done);

it.each([
  ['reft', [0, 1, 2, 3]],
  ['offline-self-training', [0, 1, 2, 3, 4]],
  ['sft-sft', [0, 1, 2, 3, 4]],
  ['stopped-sft', []],
])('%s has begun %j', (workflow, begun) => {
  expect(rounds(workflow)).toEqual(begun);
});
