/**
 * The fleet: how many machines there are and of which build, as an operator keeps it. Runs are pinned to builds, so the build that was
 * current before keeps a machine until no run needs it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { required } from '../../activities/invariant.js';
import { deploymentName } from '../../workers/createWorkers.js';
import { insist } from './insist.js';
import { type Machine, type MachineOptions, openMachine } from './machine.js';

/** Two builds of one code, in turn. */
const builds = ['one', 'two'] as const;
type Build = (typeof builds)[number];

const lookMilliseconds = 1_000;
/** A build is given up when so many looks in a row found no run that needs it: the list of runs may lag behind. */
const looksWithoutNeed = 5;

export interface Fleet {
  /** Those with a worker that asks for tasks. */
  serving(): readonly Machine[];
  /** How many machines the current build has, from now on. */
  resize(size: number): void;
  size(): number;
  /** Starts machines of the other build beside these, and makes it the current one. @returns its name, or null while that is under way */
  roll(): Promise<string | null>;
  close(): Promise<void>;
}

export type FleetOptions = Pick<MachineOptions, 'access' | 'directory' | 'onEnd' | 'onStall'> & {
  readonly client: Client;
};

/** Resolves when the first build is current, with one machine that serves it. */
export async function openFleet({ client, ...place }: FleetOptions): Promise<Fleet> {
  const machines: Machine[] = [];
  const closing: Promise<void>[] = [];
  const looks = new Map<Build, number>();
  let current: Build = 'one';
  let coming: Build | undefined;
  let size = 2;
  let opened = 0;
  let isOver = false;

  const serving = (build?: Build): readonly Machine[] =>
    machines.filter((machine) => machine.isServing() && (build === undefined || machine.build === build));

  async function isNeeded(build: Build): Promise<boolean> {
    if (build === current || build === coming) return true;
    const query = `ExecutionStatus = 'Running' AND TemporalWorkerDeploymentVersion = '${deploymentName}:${build}'`;
    const { count } = await insist(() => client.workflow.count(query));
    const before = looks.get(build);
    const without = count > 0 || before === undefined ? 0 : before + 1;
    looks.set(build, without);
    return without < looksWithoutNeed;
  }

  async function wantedOf(build: Build): Promise<number> {
    const own = machines.filter((machine) => machine.build === build);
    if (build === current) return size;
    if (build === coming) return 1;
    return own.length > 0 && (await isNeeded(build)) ? 1 : 0;
  }

  async function look(): Promise<void> {
    for (const build of builds) {
      const wanted = await wantedOf(build);
      const own = machines.filter((machine) => machine.build === build);
      for (let count = own.length; count < wanted; count++) {
        opened += 1;
        // The first does all; what others have made it reads from S3.
        const queue = count === 0 ? undefined : 'engine';
        machines.push(openMachine({ ...place, name: `machine-${opened}-${build}`, build, queue }));
      }
      for (const machine of own.slice(wanted)) {
        machines.splice(machines.indexOf(machine), 1);
        closing.push(machine.close());
      }
    }
  }

  async function keep(): Promise<void> {
    while (!isOver) {
      await look();
      await sleep(lookMilliseconds);
    }
  }

  async function makeCurrent(build: Build): Promise<void> {
    while (serving(build).length === 0) await sleep(100);
    const version = { namespace: client.options.namespace, deploymentName, buildId: build, identity: 'chaos' };
    for (;;)
      try {
        await insist(() => client.workflowService.setWorkerDeploymentCurrentVersion(version));
        break;
      } catch {
        // The server has not heard of the build yet, or a worker was killed while it did.
        await sleep(200);
      }
    looks.delete(current);
    current = build;
    coming = undefined;
  }

  const kept = keep();
  await makeCurrent(current);
  return {
    serving: () => serving(),
    resize(wanted) {
      size = wanted;
    },
    size: () => size,
    async roll() {
      if (coming !== undefined) return null;
      const next = required(
        builds.find((build) => build !== current),
        'another build',
      );
      coming = next;
      await makeCurrent(next);
      return next;
    },
    async close() {
      isOver = true;
      await kept;
      await Promise.all([...closing, ...machines.map((machine) => machine.close())]);
    },
  };
}
