/** The variables by which a process finds proxies, hubs and S3, set for one test and none else. */
import { vi } from 'vitest';

const known = [
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
  ...['S3_ENDPOINT', 'S3_BUCKET', 'S3_PREFIX', 'S3_ADDRESSING', 'HF_ENDPOINT', 'HF_TOKEN'],
  ...['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_CA_BUNDLE', 'AWS_PROFILE', 'AWS_ENDPOINT_URL_STS'],
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN'],
];

/** Until `vi.unstubAllEnvs()`: these variables and no others of their kind. */
export function setEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const name of known) vi.stubEnv(name, variables[name]);
}
