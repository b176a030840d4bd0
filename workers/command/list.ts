/** `reft list`: the runs, comparisons, evaluations and annotations that Temporal knows of. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import Table from 'cli-table3';
import { withClient, withStack } from './access.js';
import { annotationKind, compareKind, evaluationKind, runKind } from './kinds.js';

export interface ListOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

export interface Row {
  readonly id: string;
  readonly type: string;
  /** `running`, `completed`, `failed`, `canceled`, … */
  readonly state: string;
  /** ISO 8601. */
  readonly started: string;
  readonly phase: string | null;
  readonly round: number | null;
  /** Percent: of validation while it trains, of the test questions at the end. */
  readonly accuracy: number | null;
}

const newest = 20;

export function list({ all = false, json = false }: ListOptions): Promise<void> {
  return withStack((stack) =>
    withClient(stack, async (client) => {
      const rows = await listRuns(client, all ? Number.POSITIVE_INFINITY : newest);
      console.log(json ? JSON.stringify(rows, null, 2) : tableOf(rows));
    }),
  );
}

/** The newest first. The runs that are parts of a comparison are told of by the comparison. */
export async function listRuns(client: Client, most = newest): Promise<readonly Row[]> {
  const types = [runKind, compareKind, evaluationKind, annotationKind].map(({ type }) => `'${type}'`).join(', ');
  const rows: Row[] = [];
  // A run that has continued as new is in the list once for each of its executions.
  const query = `WorkflowType IN (${types}) AND ExecutionStatus != 'ContinuedAsNew'`;
  for await (const info of client.workflow.list({ query })) {
    if (info.parentExecution) continue;
    if (rows.length === most) break;
    rows.push(rowOf(info));
  }
  return rows;
}

function rowOf(info: WorkflowExecutionInfo): Row {
  const attribute = (name: string): unknown => info.searchAttributes[name]?.[0];
  const [phase, round, accuracy] = [attribute('ReftPhase'), attribute('ReftRound'), attribute('ReftAccuracy')];
  return {
    id: info.workflowId,
    type: info.type,
    state: info.status.name.toLowerCase().replaceAll('_', ' '),
    started: info.startTime.toISOString(),
    phase: typeof phase === 'string' ? phase : null,
    round: typeof round === 'number' ? round : null,
    accuracy: typeof accuracy === 'number' ? accuracy : null,
  };
}

function tableOf(rows: readonly Row[]): string {
  if (rows.length === 0) return 'There are none yet: "npx reft run demo" starts one.';
  const table = new Table({
    head: ['id', 'type', 'state', 'started', 'phase', 'round', 'accuracy'],
    style: { head: [] },
  });
  for (const { id, type, state, started, phase, round, accuracy } of rows)
    table.push([
      id,
      type,
      state,
      started.slice(0, 16).replace('T', ' '),
      phase ?? '',
      round === null ? '' : String(round),
      accuracy === null ? '' : `${accuracy.toFixed(1)} %`,
    ]);
  return table.toString();
}
