/**
 * `npm run s3-servers`: runs what the store has to do on any server (`test/activities/store/serverChecks.ts`) on the S3 servers of
 * `servers.ts`, and writes the table `activities/store/SERVERS.md`. Names given as arguments are run alone, and no table is written.
 *
 * Obtaining them takes minutes the first time; they are kept in `.data/bin`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../activities/errors.js';
import { describeFindings, probe } from '../../activities/store/s3/probe.js';
import { prepareBucket, type S3Access } from '../../infra/s3/access.js';
import { serverChecks } from '../activities/store/serverChecks.js';
import { table } from '../docs/table.js';
import { binDirectory } from '../support/stack.js';
import { type KnownServer, knownServers, startServer } from './servers.js';

const page = fileURLToPath(new URL('../../activities/store/SERVERS.md', import.meta.url));

interface Result {
  readonly server: KnownServer;
  /** Whose credentials; the server's own where it is left out. */
  readonly account?: string;
  readonly found: string;
  /** For each check, why it failed; null when it did not. */
  readonly failures: readonly (string | null)[];
}

async function examine(server: KnownServer): Promise<Result[]> {
  const running = await startServer(server, binDirectory);
  const folder = await mkdtemp(join(tmpdir(), 'reft-account-'));
  const before = process.env;
  try {
    const results: Result[] = [{ server, ...(await runChecks(running.access)) }];
    if (server.account === undefined) return results;
    const { credentials: _, ...access } = running.access;
    process.env = { ...before, ...(await server.account.variables(access.endpoint, folder)) };
    return [...results, { server, account: server.account.title, ...(await runChecks(access)) }];
  } finally {
    process.env = before;
    await running.stop();
    await rm(folder, { recursive: true });
  }
}

async function runChecks(given: S3Access): Promise<Pick<Result, 'found' | 'failures'>> {
  const access = await prepareBucket(given);
  const failures: (string | null)[] = [];
  for (const check of serverChecks)
    failures.push(
      await check.run(access).then(
        () => null,
        (error: unknown) => messageOf(error),
      ),
    );
  return { found: describeFindings(await probe(access, false)), failures };
}

function pageOf(results: readonly Result[]): string {
  const rows = results.map(({ server, account, found, failures }) => [
    `${server.name} ${server.version}${account === undefined ? '' : `, ${account}`}`,
    `${server.language}, ${server.from}`,
    found,
    ...failures.map((failure) => (failure === null ? 'yes' : 'no')),
  ]);
  const numbered = serverChecks.map(({ name }, index) => `${index + 1}. ${name}`);
  const failed = results.flatMap(({ server, failures }) =>
    failures.flatMap((failure, index) =>
      failure === null ? [] : [`- ${server.name}, ${index + 1}: ${failure.split('\n')[0]}`],
    ),
  );
  return `${[
    '# S3 servers that the store was run on',
    '<!-- Written by `npm run s3-servers`: run it again instead of changing this page. -->',
    'Each server was obtained from its registry, started on the loopback address, probed, and asked for all of this:',
    numbered.join('\n'),
    table(
      ['server', 'written in, from', 'what the probe found', ...serverChecks.map((_, index) => String(index + 1))],
      rows,
    ),
    ...(failed.length > 0 ? ['What failed, and why:', [...new Set(failed)].join('\n')] : []),
    'versitygw and SeaweedFS are also run by `npm test`.',
  ].join('\n\n')}\n`;
}

const wanted = process.argv.slice(2);
const results: Result[] = [];
for (const server of knownServers.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  for (const result of await examine(server)) {
    results.push(result);
    const wrong = result.failures.filter((failure) => failure !== null);
    console.log(`${server.name} ${server.version}, ${result.account ?? 'its own credentials'}: ${result.found}`);
    console.log(`  ${serverChecks.length - wrong.length} of ${serverChecks.length} checks passed`);
    for (const failure of wrong) console.log(`  ${failure}`);
  }
}
if (wanted.length === 0) await writeFile(page, pageOf(results));
