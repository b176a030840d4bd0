/** When a worker takes the next activity of the engine: slots, asked for and given back as the SDK does it. */
import { setImmediate } from 'node:timers/promises';
import type { SlotReserveContext } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { endTurn } from '../../activities/engineTurn.js';
import { required } from '../../activities/invariant.js';
import { createEngineSlots, type EngineSlots } from '../../workers/engineSlots.js';

const context: SlotReserveContext = {
  slotType: 'activity',
  taskQueue: 'reft-engine',
  workerIdentity: 'test',
  workerBuildId: '',
  isSticky: false,
};
const never = new AbortController().signal;
const released = { permit: {} };

/** An activity that computes until `endTurn`, and stores until `finish`. */
function activity({ interceptor }: EngineSlots) {
  const steps: { compute?: () => void; finish?: () => void } = {};
  const work = async () => {
    await new Promise<void>((resolve) => {
      steps.compute = resolve;
    });
    endTurn();
    endTurn();
    await new Promise<void>((resolve) => {
      steps.finish = resolve;
    });
  };
  const execute = required(interceptor.execute, 'what is done around an activity');
  const ended = execute({ args: [], headers: {} }, work);
  return { steps, ended };
}

async function isGranted(slot: Promise<unknown>): Promise<boolean> {
  await setImmediate();
  return Promise.race([slot.then(() => true), setImmediate(false)]);
}

describe('slots of the engine', () => {
  it('are as many as there are engines', async () => {
    const { supplier } = createEngineSlots(2);
    await supplier.reserveSlot(context, never);
    expect(supplier.tryReserveSlot(context)).not.toBeNull();
    expect(supplier.tryReserveSlot(context)).toBeNull();
    const third = supplier.reserveSlot(context, never);
    expect(await isGranted(third)).toBe(false);
    supplier.releaseSlot(released);
    expect(await isGranted(third)).toBe(true);
  });

  it('an activity that is storing leaves its engine to the next, and no more than one', async () => {
    const slots = createEngineSlots(1);
    const { supplier } = slots;
    await supplier.reserveSlot(context, never);
    const first = activity(slots);
    const second = supplier.reserveSlot(context, never);
    const third = supplier.reserveSlot(context, never);
    expect(await isGranted(second)).toBe(false);
    required(first.steps.compute, 'the first, computing')();
    expect(await isGranted(second)).toBe(true);
    expect(await isGranted(third)).toBe(false);
    required(first.steps.finish, 'the first, storing')();
    await first.ended;
    supplier.releaseSlot(released);
    expect(await isGranted(third)).toBe(false);
    supplier.releaseSlot(released);
    expect(await isGranted(third)).toBe(true);
  });

  it('are not kept for whoever has given up waiting', async () => {
    const { supplier } = createEngineSlots(1);
    await supplier.reserveSlot(context, never);
    const controller = new AbortController();
    const given = supplier.reserveSlot(context, controller.signal);
    const next = supplier.reserveSlot(context, never);
    controller.abort();
    await expect(given).rejects.toBe(controller.signal.reason);
    supplier.releaseSlot(released);
    expect(await isGranted(next)).toBe(true);
  });

  it('an activity that fails frees its engine with its slot', async () => {
    const { supplier, interceptor } = createEngineSlots(1);
    await supplier.reserveSlot(context, never);
    const execute = required(interceptor.execute, 'what is done around an activity');
    const failing = execute({ args: [], headers: {} }, async () => {
      endTurn();
      throw new Error('no room');
    });
    await expect(failing).rejects.toThrow('no room');
    supplier.releaseSlot(released);
    expect(supplier.tryReserveSlot(context)).not.toBeNull();
    expect(supplier.tryReserveSlot(context)).toBeNull();
  });
});
