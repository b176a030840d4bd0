/**
 * Which workflow `reft run` and its like are about: one of that name, one that is under way with the same specification, or a new one.
 * One id has one specification: what a run has done is never mixed with, or replaced by, something else unasked.
 */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { stringify } from 'safe-stable-stringify';
import { required } from '../../activities/invariant.js';
import { differences } from '../../workflows/config/differences.js';
import { show } from '../../workflows/config/explain.js';
import { findRun } from './access.js';
import type { NamedInput } from './readSpecInput.js';
import { UsageError } from './usageError.js';

export interface Identity {
  /** The workflow's id. */
  readonly id?: string;
  /** Never one that is there already. */
  readonly new?: boolean;
  /** One of this id that has ended gives way. */
  readonly replace?: boolean;
}

/** One to be followed. */
export interface OpenRun {
  readonly workflowId: string;
  /** `ended`: without a result, so that it is begun again and takes over what is stored of it. */
  readonly state: 'new' | 'under way' | 'ended';
}

/** One whose result is there. */
export interface FinishedRun {
  readonly workflowId: string;
  readonly state: 'finished';
}

/**
 * Without an id: one of the same specification that is under way, otherwise a new one, `<name>-<yyyymmdd-hhmmss>`.
 * @param type a workflow type
 * @throws UsageError when the id is another's, with what differs
 */
export async function chooseRun(
  client: Client,
  type: string,
  { name, input }: Pick<NamedInput, 'name' | 'input'>,
  { id, new: isNew = false, replace = false }: Identity,
): Promise<OpenRun | FinishedRun> {
  if (isNew && replace) throw new UsageError('--new and --replace: allowed is one of them');
  if (replace && id === undefined) throw new UsageError('--replace: allowed with --id, the run to be replaced');
  const specification = specificationOf(input);
  if (id === undefined) {
    const open = isNew ? undefined : await findOpen(client, type, name, specification);
    return open === undefined
      ? { workflowId: `${name}-${timestamp(new Date())}`, state: 'new' }
      : { workflowId: open, state: 'under way' };
  }
  const before = await findRun(client, id);
  if (before === undefined) return { workflowId: id, state: 'new' };
  if (isNew) throw new UsageError(`--new: there is a ${before.type} "${id}" already (${stateOf(before)})`);
  if (before.type !== type) throw new UsageError(`"${id}" is a ${before.type}, not a ${type}: give another --id`);
  const isUnderWay = before.status.name === 'RUNNING';
  if (replace) {
    if (isUnderWay) throw new UsageError(`--replace: "${id}" is under way; "npx reft cancel ${id}" ends it`);
    return { workflowId: id, state: 'new' };
  }
  refuseAnother(id, before, specification);
  if (isUnderWay) return { workflowId: id, state: 'under way' };
  return { workflowId: id, state: before.status.name === 'COMPLETED' ? 'finished' : 'ended' };
}

/** What it was started with: how a second command knows it again. A field's place makes no difference. */
export function specificationOf(input: unknown): string {
  return required(stringify(input), 'the specification as JSON');
}

/** Of many differences, those that a message has room for. */
const mostShown = 8;

function refuseAnother(id: string, before: WorkflowExecutionDescription, specification: string): void {
  const known = before.memo?.specification;
  // Started otherwise than by this command: what it was told is in its history alone.
  if (typeof known !== 'string' || known === specification) return;
  const all = differences(JSON.parse(specification), JSON.parse(known));
  const lines = all
    .slice(0, mostShown)
    .map(({ path, own, other }) => `  ${path}: ${show(own)} is asked for, it has ${show(other)}`);
  if (all.length > mostShown) lines.push(`  and ${all.length - mostShown} more`);
  throw new UsageError(
    [
      `"${id}" has another specification (${stateOf(before)}):`,
      ...lines,
      'Give another --id, or --replace to run this one in its place.',
    ].join('\n'),
  );
}

function stateOf({ status }: WorkflowExecutionDescription): string {
  return status.name.toLowerCase().replaceAll('_', ' ');
}

async function findOpen(
  client: Client,
  type: string,
  name: string,
  specification: string,
): Promise<string | undefined> {
  // Names of presets and files may hold quotes, which the query language has no need of.
  const prefix = `${name.replaceAll(/['"\\]/g, '')}-`;
  const query = `WorkflowType = '${type}' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${prefix}'`;
  for await (const run of client.workflow.list({ query }))
    if (run.memo?.specification === specification) return run.workflowId;
  return undefined;
}

/** Local time as `yyyymmdd-hhmmss`. */
function timestamp(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
