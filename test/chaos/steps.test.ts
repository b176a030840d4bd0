/** What histories say of steps that were lost, and of those that were done again. */
import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../support/randomNumbers.js';
import { faultKinds, faultNames, shuffledDeck } from './faults.js';
import { compareSteps, stepsOf } from './steps.js';

const step = (name: string, attempts = 1, seconds = 1) => ({ name, attempts, seconds });

describe('steps', () => {
  it('of a history are the activities that ended well, with the attempts that they took', () => {
    const scheduled = (eventId: number, name: string) => ({
      eventId,
      activityTaskScheduledEventAttributes: { activityType: { name } },
    });
    const started = (scheduledEventId: number, attempt: number, seconds: number) => ({
      eventTime: { seconds },
      activityTaskStartedEventAttributes: { scheduledEventId, attempt },
    });
    const completed = (scheduledEventId: number, seconds: number) => ({
      eventTime: { seconds },
      activityTaskCompletedEventAttributes: { scheduledEventId },
    });
    const events = [scheduled(5, 'rollout'), scheduled(6, 'rollout'), scheduled(7, 'tally')];
    const ends = [started(5, 3, 10), completed(5, 14), started(7, 1, 15), completed(7, 16)];
    expect(stepsOf([...events, ...ends] as never)).toEqual([step('rollout', 3, 4), step('tally', 1, 1)]);
  });

  it('are lost where the calm run did more of a name', () => {
    const calm = [step('update 1/2'), step('update 2/2'), step('update 2/2')];
    expect(compareSteps(calm, [step('update 2/2'), step('update 1/2')]).lost).toEqual(['update 2/2']);
    expect(compareSteps(calm, [...calm, step('save the curve')]).lost).toEqual([]);
  });

  it('are done again as often as they were tried beyond the first time, at the price of the calm run', () => {
    const calm = [step('update', 1, 4), step('rollout', 1, 2)];
    const { repeated, repeatedSecondsAtMost } = compareSteps(calm, [step('update', 3, 9), step('rollout')]);
    expect([repeated, repeatedSecondsAtMost]).toEqual([2, 8]);
  });
});

describe('faults', () => {
  it('come in an order that the seed fixes, each as often as its weight says', () => {
    const deck = shuffledDeck(randomNumbers(3));
    expect(shuffledDeck(randomNumbers(3))).toEqual(deck);
    expect(shuffledDeck(randomNumbers(4))).not.toEqual(deck);
    for (const name of faultNames) expect(deck.filter((one) => one === name)).toHaveLength(faultKinds[name].weight);
    expect(faultNames.length).toBeGreaterThanOrEqual(12);
  });
});
