/**
 * What the npm scripts run: needs nothing installed but Node. Installs the dependencies where they are missing or not
 * those of the lock, then hands over to the command. The packages that only tests and tools use, a software GPU among them, are
 * left out until a command needs them.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checks } from './checks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const leastNode = [20, 19];
const commands = {
  start: ['workers/bin/reft.js', 'run', 'demo'],
  reft: ['workers/bin/reft.js'],
  test: ['infra/runTests.mjs'],
  'test:unit': ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit'],
  check: ['infra/checks.mjs'],
  ...checks,
  mutate: ['infra/mutate.mjs'],
  docs: ['--import', 'tsx', 'test/docs/write.ts'],
  bench: ['--import', 'tsx', 'test/bench/run.ts'],
  chaos: ['--import', 'tsx', 'test/chaos/run.ts'],
  histories: ['--import', 'tsx', 'test/histories/record.ts'],
  fuzz: ['--import', 'tsx', 'test/fuzz/run.ts'],
  sandbox: ['--import', 'tsx', 'test/sandbox/run.ts'],
  's3-servers': ['--import', 'tsx', 'test/s3Servers/run.ts'],
};

/** These two need none of the packages that only tests and tools use. */
const forUsers = ['start', 'reft'];

const [name = 'start', ...rest] = process.argv.slice(2);
if (!(name in commands)) fail(`Unknown command ${name}: one of ${Object.keys(commands).join(', ')} is allowed.`);
checkNode();
await installDependencies();
process.exitCode = await run(process.execPath, [...commands[name], ...rest]);

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isEnough = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  if (!isEnough)
    fail(`ReFT needs Node ${leastNode.join('.')} or later; this is ${process.version} (${process.execPath}).`);
}

async function installDependencies() {
  const installed = readLock('node_modules/.package-lock.json');
  const forTests = !forUsers.includes(name) || hasTestPackages(installed);
  if (installed && !isStale(readLock('package-lock.json'), installed, forTests)) return;
  console.error('Installing dependencies…');
  // `ci` leaves the lock untouched but begins by removing node_modules, which another process may be using.
  const action = installed ? 'install' : 'ci';
  const which = forTests ? '--include=dev' : '--omit=dev';
  const status = await run('npm', [action, which, '--no-audit', '--no-fund', '--loglevel=error']);
  if (status !== 0) fail(`npm ${action} failed (exit ${status}): see its message above.`);
}

function readLock(path) {
  return existsSync(`${root}${path}`) ? JSON.parse(readFileSync(`${root}${path}`, 'utf8')) : null;
}

/** Whether an install has been made for tests: the next one must not take them away. */
function hasTestPackages(installed) {
  return installed !== null && Object.values(installed.packages).some(({ dev }) => dev);
}

/** Optional packages differ by platform and may be absent. */
function isStale(wanted, installed, forTests) {
  return Object.entries(wanted.packages).some(
    ([path, { version, optional, dev }]) =>
      path !== '' && !optional && (forTests || !dev) && installed.packages[path]?.version !== version,
  );
}

/** Runs a program in the root with this terminal, and resolves to its exit status. */
function run(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: 'inherit',
      // The AWS SDK's announcement about Node versions of 2027 would stand between the progress lines.
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    });
    // Ctrl-C reaches the child from the terminal; it decides when to end. Other signals are handed on.
    const ignore = () => {};
    const handOn = (signal) => child.kill(signal);
    process.on('SIGINT', ignore);
    process.on('SIGTERM', handOn);
    child.once('error', (error) => fail(`${program} cannot be run: ${error.message}`));
    child.once('exit', (code, signal) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', handOn);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
