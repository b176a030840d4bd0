/** The faults: one row a kind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { at } from '../../activities/invariant.js';
import type { RandomNumbers } from '../support/randomNumbers.js';
import type { Machine } from './machine.js';
import { findChildren, findServer, findWorkers, freeze, signal, type Target } from './processes.js';
import type { Run } from './runs.js';
import type { SpoilName } from './spoils.js';
import type { ServerName, World } from './world.js';

export interface FaultKind {
  /** How often it comes, beside the others. */
  readonly weight: number;
  /**
   * Does it and mends it.
   * @returns what it struck, or null where there was nothing to be struck
   */
  strike(world: World, random: RandomNumbers): Promise<string | null>;
}

/** How long a fault lasts, in milliseconds; a worker's, too, without a heartbeat for longer than Temporal waits (10 s). */
const lasting = {
  moment: [200, 5_000],
  worker: [500, 14_000],
} as const;
/** Requests that are answered with an error in a row: up to more than the client tries. */
const mostErrors = 8;
/** How long a spoil waits for a request that it suits. */
const spoilMilliseconds = 8_000;
const mostMachines = 3;
/** How long the next worker is waited for, at most. */
const startMilliseconds = 60_000;

const pick = <T>(all: readonly T[], random: RandomNumbers): T | undefined => all[random.integer(0, all.length - 1)];

/** Strikes one of those that are found. */
const one =
  <T extends Target | Machine | Run>(
    find: (world: World) => readonly T[] | Promise<readonly T[]>,
    act: (target: T, random: RandomNumbers) => Promise<string | boolean | null> | boolean,
  ): FaultKind['strike'] =>
  async (world, random) => {
    const target = pick(await find(world), random);
    if (target === undefined) return null;
    const struck = await act(target, random);
    return struck === true ? nameOf(target) : struck || null;
  };

const nameOf = (target: Target | Machine | Run): string => ('name' in target ? target.name : target.id);

const frozen =
  (
    find: (world: World) => readonly Target[] | Promise<readonly Target[]>,
    [low, high]: readonly [number, number] = lasting.moment,
  ) =>
  (world: World, random: RandomNumbers): Promise<string | null> =>
    one(find, async (target) => {
      const milliseconds = random.integer(low, high);
      return (await freeze(target, milliseconds)) && `${target.name} for ${milliseconds} ms`;
    })(world, random);

const killed = (find: (world: World) => Promise<readonly Target[]>): FaultKind['strike'] =>
  one(find, (target) => signal(target, 'SIGKILL'));

/** Until a worker asks for tasks again, so that on a slow machine more than starts of workers is struck. */
async function serviceOf({ fleet }: World): Promise<void> {
  for (const since = Date.now(); fleet.serving().length === 0 && Date.now() - since < startMilliseconds; )
    await sleep(100);
}

const leavingService =
  (strike: FaultKind['strike']): FaultKind['strike'] =>
  async (world, random) => {
    const struck = await strike(world, random);
    if (struck !== null) await serviceOf(world);
    return struck;
  };

const machines = ({ fleet }: World): readonly Machine[] => fleet.serving();
const engines = (world: World) => findChildren(world, 'engine');
const sandboxes = (world: World) => findChildren(world, 'sandbox');
const server = (name: ServerName) => (world: World) => findServer(world, name);
const runs = (world: World): readonly Run[] => [...world.runs];

const reset =
  (name: ServerName): FaultKind['strike'] =>
  async ({ proxies }) => {
    const count = proxies[name].reset();
    return count > 0 ? `${count} connections` : null;
  };

const unreachable =
  (name: ServerName): FaultKind['strike'] =>
  async ({ proxies }, random) => {
    const milliseconds = random.integer(...lasting.moment);
    const open = proxies[name].shut();
    await sleep(milliseconds);
    open();
    return `for ${milliseconds} ms`;
  };

const slow =
  (name: ServerName): FaultKind['strike'] =>
  async ({ proxies }, random) => {
    const milliseconds = random.integer(...lasting.moment);
    const lag = random.integer(50, 500);
    const hurry = proxies[name].slow(lag);
    await sleep(milliseconds);
    hurry();
    return `by ${lag} ms, for ${milliseconds} ms`;
  };

const spoiled =
  (name: SpoilName, most = 1): FaultKind['strike'] =>
  async ({ spoiler }, random) => {
    const count = await spoiler.spoil(name, random.integer(1, most), spoilMilliseconds);
    return count > 0 ? `${count} requests` : null;
  };

export const faultKinds = {
  'worker killed': { weight: 2, strike: leavingService(one(machines, (machine) => machine.kill())) },
  'machine lost with its disk': { weight: 1, strike: leavingService(one(machines, (machine) => machine.lose())) },
  'worker frozen': { weight: 2, strike: frozen(findWorkers, lasting.worker) },
  'engine process killed': { weight: 3, strike: killed(engines) },
  'engine process frozen': { weight: 3, strike: frozen(engines) },
  'sandbox killed': { weight: 3, strike: killed(sandboxes) },
  'sandbox frozen': { weight: 3, strike: frozen(sandboxes) },
  'Temporal killed': { weight: 2, strike: killed(server('Temporal')) },
  'Temporal frozen': { weight: 2, strike: frozen(server('Temporal')) },
  'S3 killed': { weight: 3, strike: killed(server('S3')) },
  'S3 frozen': { weight: 3, strike: frozen(server('S3')) },
  'all killed at once': {
    weight: 1,
    strike: leavingService(async (world) => {
      const servers = [...(await findServer(world, 'Temporal')), ...(await findServer(world, 'S3'))];
      const workers = machines(world).filter((machine) => machine.kill());
      const killedServers = servers.filter((target) => signal(target, 'SIGKILL'));
      const names = [...workers, ...killedServers].map(({ name }) => name);
      return names.length > 0 ? names.join(', ') : null;
    }),
  },
  'connections to Temporal reset': { weight: 3, strike: reset('Temporal') },
  'connections to S3 reset': { weight: 3, strike: reset('S3') },
  'Temporal out of reach': { weight: 2, strike: unreachable('Temporal') },
  'S3 out of reach': { weight: 2, strike: unreachable('S3') },
  'Temporal slow': { weight: 2, strike: slow('Temporal') },
  'S3 slow': { weight: 2, strike: slow('S3') },
  'bit flipped in a read': { weight: 3, strike: spoiled('flip') },
  'bit flipped in a write': { weight: 3, strike: spoiled('flipSent') },
  'read cut off': { weight: 3, strike: spoiled('cut') },
  'object not found, once': { weight: 3, strike: spoiled('missing') },
  'S3 says "slow down"': { weight: 3, strike: spoiled('slowDown', mostErrors) },
  'S3 has an internal error': { weight: 3, strike: spoiled('internalError', mostErrors) },
  'disk full': {
    weight: 3,
    strike: one(machines, async (machine, random) => {
      const milliseconds = random.integer(...lasting.moment);
      const empty = await machine.disk()?.fill();
      if (empty == null) return null;
      await sleep(milliseconds);
      await empty();
      return `${machine.name} for ${milliseconds} ms`;
    }),
  },
  'number of workers': {
    weight: 2,
    async strike({ fleet }, random) {
      const before = fleet.size();
      const size = 1 + ((before - 1 + random.integer(1, mostMachines - 1)) % mostMachines);
      fleet.resize(size);
      return `${before} to ${size}`;
    },
  },
  'another build': { weight: 1, strike: ({ fleet }) => fleet.roll() },
  'paused and resumed': { weight: 2, strike: one(runs, (run, random) => run.pause(random.integer(...lasting.moment))) },
  'reset to a round': { weight: 1, strike: one(runs, (run, random) => run.reset(random)) },
  'cancelled and reset': { weight: 1, strike: one(runs, (run, random) => run.cancelAndReset(random)) },
} as const satisfies Readonly<Record<string, FaultKind>>;

export type FaultName = keyof typeof faultKinds;
export const faultNames = Object.keys(faultKinds) as FaultName[];

/** Every kind as often as its weight says, shuffled: so none is long in coming. */
export function shuffledDeck(random: RandomNumbers): FaultName[] {
  const deck = faultNames.flatMap((name) => Array.from({ length: faultKinds[name].weight }, () => name));
  for (let last = deck.length - 1; last > 0; last--) {
    const other = random.integer(0, last);
    [deck[last], deck[other]] = [at(deck, other), at(deck, last)];
  }
  return deck;
}
