/** Makes a Temporal namespace ready for runs: reachable, long retention (ours only), search attributes registered. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, isGrpcServiceError, type OperatorService, type WorkflowService } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { messageOf } from '../../activities/errors.js';
import { MissingSoftware } from '../errors.js';
import { connectionOptions, type TemporalAccess } from './access.js';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const searchAttributes = {
  ReftPhase: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  ReftRound: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  ReftAccuracy: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
} as const;
/** Server and visibility store take a moment to know an attribute that was just added. */
const registrationMilliseconds = 20_000;
const retentionDays = 90;

/** Null when the server answers and knows the namespace, otherwise what is wrong. */
export async function temporalTrouble(access: TemporalAccess): Promise<string | null> {
  try {
    await withConnection(access, '2s', (connection) =>
      connection.withDeadline(Date.now() + 2_000, () =>
        connection.workflowService.describeNamespace({ namespace: access.namespace }),
      ),
    );
    return null;
  } catch (error) {
    return isGrpcServiceError(error) ? error.details : messageOf(error);
  }
}

export async function isTemporalHealthy(access: TemporalAccess): Promise<boolean> {
  return (await temporalTrouble(access)) === null;
}

/** Keeps finished runs' histories for 90 days instead of the development server's one. */
export async function extendRetention(access: TemporalAccess): Promise<void> {
  await withConnection(access, '10s', (connection) =>
    connection.workflowService.updateNamespace({
      namespace: access.namespace,
      config: { workflowExecutionRetentionTtl: msToTs(`${retentionDays} days`) },
    }),
  );
}

/**
 * Registers the search attributes a run sets, where they are missing. Without them its workflow tasks would fail for ever.
 * @throws MissingSoftware with the commands to run when this server does not let us
 */
export function registerSearchAttributes(access: TemporalAccess): Promise<void> {
  return withConnection(access, '10s', (connection) => registerThrough(connection, access.namespace));
}

interface Services {
  readonly workflowService: WorkflowService;
  readonly operatorService: OperatorService;
}

/** As `registerSearchAttributes`, over a connection that is there. */
export async function registerThrough(connection: Services, namespace: string): Promise<void> {
  let refusal = 'they exist with other types';
  const deadline = Date.now() + registrationMilliseconds;
  if (await areSearchable(connection, namespace)) return;
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    refusal = messageOf(error);
  }
  while (Date.now() < deadline) {
    if (await areSearchable(connection, namespace)) return;
    await sleep(100);
  }
  throw new MissingSoftware(
    `The search attributes ReftPhase, ReftRound and ReftAccuracy cannot be registered in namespace ${namespace}: ${refusal}. Register them by hand:\n` +
      '  temporal operator search-attribute create --name ReftPhase --type Keyword --name ReftRound --type Int --name ReftAccuracy --type Double',
  );
}

/** Asked by a query and not by the operator service, which hosted servers refuse. */
async function areSearchable(connection: Pick<Services, 'workflowService'>, namespace: string): Promise<boolean> {
  try {
    const query = "ReftPhase = 'evaluation' AND ReftRound = 1 AND ReftAccuracy = 0.5";
    await connection.workflowService.countWorkflowExecutions({ namespace, query });
    return true;
  } catch {
    return false;
  }
}

async function withConnection<Result>(
  access: TemporalAccess,
  connectTimeout: '2s' | '10s',
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await Connection.connect({ ...connectionOptions(access), connectTimeout });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}
