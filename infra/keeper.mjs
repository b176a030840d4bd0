/**
 * Keeps the servers of one data directory: `keeper.mjs <data directory>`. It starts those that it is told to, starts them again
 * should they die, and ends them when the last of its users is gone, however that one ended: each user holds a connection.
 *
 * Plain JavaScript, so that it starts at once. Messages are lines of JSON, whose forms are in `process/keeper.ts`.
 */
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const [, , directory] = process.argv;
/** Longer paths cannot be a socket's. */
const mostSocketBytes = 100;
const firstUserMilliseconds = 30_000;
/** What users that are asked to leave may take. */
const leaveMilliseconds = 20_000;
const graceMilliseconds = 5_000;
const [firstPause, longestPause] = [500, 30_000];

const users = new Set();
const askers = new Set();
/** By name: `{plan, child, isKept}`. */
const servers = new Map();
let isEnding = false;

// Ends the servers should this process be killed.
const watchdogScript = fileURLToPath(new URL('./watchdog.mjs', import.meta.url));
const watchdog = spawn(process.execPath, [watchdogScript], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
watchdog.stdin.on('error', () => {});

const besideState = join(directory, 'keeper.sock');
const isShort = Buffer.byteLength(besideState) <= mostSocketBytes;
const socketPath = isShort ? besideState : join(mkdtempSync(join(tmpdir(), 'reft-keeper-')), 'keeper.sock');
rmSync(socketPath, { force: true });
const listener = createServer(welcome);
listener.listen(socketPath, () => {
  chmodSync(socketPath, 0o600);
  writeWhole(join(directory, 'keeper.json'), { pid: process.pid, socket: socketPath });
});
setTimeout(endIfUnused, firstUserMilliseconds).unref();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, askAllToLeave);

function welcome(socket) {
  users.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => leave(socket));
  createInterface({ input: socket }).on('line', (line) => obey(socket, JSON.parse(line)));
}

function obey(socket, message) {
  if (message.type === 'start') void start(message.plan);
  if (message.type === 'keep') keep(message.name);
  if (message.type === 'drop')
    void drop(message.name).then(() => tell(socket, { type: 'dropped', name: message.name }));
  if (message.type === 'count') tell(socket, { type: 'users', count: users.size });
  if (message.type === 'leave') {
    askers.add(socket);
    leave(socket);
    // Those that leave others behind need not wait.
    if (users.size > 0) answer(socket);
  }
  if (message.type === 'down') {
    askers.add(socket);
    users.delete(socket);
    askAllToLeave();
  }
}

function leave(socket) {
  if (users.delete(socket)) endIfUnused();
}

function answer(socket) {
  tell(socket, { type: 'left' });
  askers.delete(socket);
}

function tell(socket, message) {
  socket.write(`${JSON.stringify(message)}\n`);
}

function tellUsers(message) {
  for (const user of users) tell(user, message);
}

async function start(plan) {
  // One that no longer answers gives way.
  await drop(plan.name);
  const server = { plan, child: null, isKept: false };
  servers.set(plan.name, server);
  launch(server, 'w');
}

function launch(server, logMode) {
  const { plan } = server;
  const log = openSync(plan.log, logMode, 0o600);
  const child = spawn(plan.program, plan.args, {
    cwd: directory,
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...plan.environment },
  });
  closeSync(log);
  server.child = child;
  let hasEnded = false;
  const ended = (reason) => {
    if (hasEnded) return;
    hasEnded = true;
    if (child.pid !== undefined) watchdog.stdin.write(`-${child.pid}\n`);
    if (server.isKept && !isEnding) void revive(server);
    else tellUsers({ type: 'ended', name: plan.name, reason });
  };
  child.once('error', (error) => ended(error.message));
  child.once('exit', (code, signal) => ended(`exited with ${signal ?? code}`));
  if (child.pid === undefined) return;
  watchdog.stdin.write(`+${child.pid}\n`);
  record(server, process.pid);
}

/** From now on it is started again should it end. */
function keep(name) {
  const server = servers.get(name);
  if (server === undefined) return;
  server.isKept = true;
  server.healthySince = Date.now();
  if (isOver(server.child)) void revive(server);
}

/** A dead server comes back on the same ports; clients retry meanwhile, so that a run only waits. */
async function revive(server) {
  const hasHeld = Date.now() - server.healthySince > longestPause;
  server.pause = hasHeld ? firstPause : Math.min(2 * (server.pause ?? firstPause / 2), longestPause);
  server.healthySince = Date.now();
  tellUsers({ type: 'restarting', name: server.plan.name, log: server.plan.log });
  await sleep(server.pause);
  if (!isEnding && server.isKept) launch(server, 'a');
}

async function drop(name) {
  const server = servers.get(name);
  if (server === undefined) return;
  servers.delete(name);
  server.isKept = false;
  const { child } = server;
  if (child.pid === undefined) return;
  if (!isOver(child)) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), graceMilliseconds);
    await gone;
    clearTimeout(insist);
  }
  record(server, null);
}

function isOver(child) {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function askAllToLeave() {
  listener.close();
  tellUsers({ type: 'down' });
  setTimeout(() => void end(), leaveMilliseconds).unref();
  endIfUnused();
}

function endIfUnused() {
  if (users.size === 0) void end();
}

async function end() {
  if (isEnding) return;
  isEnding = true;
  listener.close();
  await Promise.all([...servers.keys()].map(drop));
  if (ownsRecord()) rmSync(join(directory, 'keeper.json'), { force: true });
  rmSync(isShort ? socketPath : dirname(socketPath), { recursive: true, force: true });
  for (const asker of askers) answer(asker);
  watchdog.stdin.end();
  process.exitCode = 0;
  for (const socket of [...users, ...askers]) socket.destroy();
  // Answers are on their way; connections whose other end stays open must not keep this process.
  setTimeout(() => process.exit(), 1_000).unref();
}

/** The form is that of `process/record.ts`. A data directory may have been removed meanwhile. */
function record({ plan, child }, owner) {
  const { source, ports } = plan;
  try {
    writeWhole(join(plan.directory, 'server.json'), { owner, pid: child.pid, source, ports });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

function ownsRecord() {
  try {
    return JSON.parse(readFileSync(join(directory, 'keeper.json'), 'utf8')).pid === process.pid;
  } catch {
    return false;
  }
}

function writeWhole(path, value) {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
