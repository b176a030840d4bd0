/** A Temporal client on a stack, for as long as a piece of work takes. */
import { Client, Connection } from '@temporalio/client';
import type { StackAccess } from '../../infra/stack.js';
import { connectionOptions } from '../../infra/temporal/access.js';

export async function withClient<T>(stack: StackAccess, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect(connectionOptions(stack.temporal));
  try {
    return await work(new Client({ connection, namespace: stack.temporal.namespace }));
  } finally {
    await connection.close();
  }
}

/** Where a run is seen in Temporal's UI; undefined for a server whose UI is not known. */
export function uiAddress({ temporal }: StackAccess, workflowId: string): string | undefined {
  if (temporal.uiUrl === null) return undefined;
  return `${temporal.uiUrl}/namespaces/${temporal.namespace}/workflows/${encodeURIComponent(workflowId)}`;
}
