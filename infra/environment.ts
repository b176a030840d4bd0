/** The servers of a stack as environment variables, for worker processes that are started separately. */
import { type S3Access, s3FromEnvironment } from './s3/access.js';
import type { StackAccess } from './stack.js';
import { temporalFromEnvironment } from './temporal/access.js';

/**
 * Variables to add to a child's environment, after which `stackFromEnvironment` there gives the same servers.
 * Given servers' secrets are not copied: the child inherits them.
 */
export function stackEnvironment(stack: StackAccess): Record<string, string> {
  const { temporal, s3 } = stack;
  return {
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    // A local server speaks plain text, whatever API key or certificates the shell holds for another.
    ...(temporal.tls === false ? { TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: '' } : {}),
    S3_ENDPOINT: s3.endpoint,
    S3_BUCKET: s3.bucket,
    S3_PREFIX: s3.prefix ?? '',
    ...(s3.isLocal ? withoutProxy(s3.endpoint) : {}),
    AWS_REGION: s3.region,
    ...credentialVariables(s3),
  };
}

/** The servers named by `TEMPORAL_*`, `S3_*` and `AWS_*`; null when either address is missing. */
export function stackFromEnvironment(environment: NodeJS.ProcessEnv = process.env): StackAccess | null {
  const temporal = temporalFromEnvironment(environment);
  const s3 = s3FromEnvironment(environment);
  return temporal && s3 ? { temporal, s3 } : null;
}

/** A local server is reached directly, whatever proxy the shell names. */
function withoutProxy(endpoint: string): Record<string, string> {
  const { no_proxy, NO_PROXY } = process.env;
  const exempt = [no_proxy || NO_PROXY, new URL(endpoint).host].filter(Boolean).join(',');
  return { no_proxy: exempt, NO_PROXY: exempt };
}

function credentialVariables({ credentials }: S3Access): Record<string, string> {
  if (!credentials) return {};
  const { accessKeyId, secretAccessKey } = credentials;
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: '' };
}
