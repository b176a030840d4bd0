/** How a process reaches Temporal: from the environment variables of the Temporal CLI, or a server of this data directory. */
import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';

export interface TemporalAccess {
  readonly address: string;
  readonly namespace: string;
  /** Null for a server that is not ours: where its UI is, is not known. */
  readonly uiUrl: string | null;
  readonly apiKey?: string;
  readonly tls?: NonNullable<ConnectionOptions['tls']>;
  readonly metadata?: Record<string, string>;
}

/**
 * The Temporal that `TEMPORAL_ADDRESS` names, with `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY` and `TEMPORAL_TLS_*` as the
 * Temporal CLI reads them; null when no address is given. Its configuration file is not read, so that a machine's
 * default profile never decides where a run goes.
 */
export function temporalFromEnvironment(environment: NodeJS.ProcessEnv): TemporalAccess | null {
  if (!environment.TEMPORAL_ADDRESS) return null;
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) if (value) given[name] = value;
  const { connectionOptions, namespace } = loadClientConnectConfig({ disableFile: true, overrideEnvVars: given });
  const { apiKey, tls, metadata } = connectionOptions;
  return {
    address: environment.TEMPORAL_ADDRESS,
    namespace: namespace ?? 'default',
    uiUrl: null,
    ...(typeof apiKey === 'string' ? { apiKey } : {}),
    ...(tls == null ? {} : { tls }),
    ...(metadata ? { metadata: metadata as Record<string, string> } : {}),
  };
}

/** Options for `Connection.connect` and `NativeConnection.connect`. */
export function connectionOptions(
  temporal: TemporalAccess,
): Pick<TemporalAccess, 'address' | 'apiKey' | 'tls' | 'metadata'> {
  const { address, apiKey, tls, metadata } = temporal;
  return {
    address,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(tls === undefined ? {} : { tls }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}
