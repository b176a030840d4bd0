/**
 * A round's metrics as gauges of the worker's Prometheus endpoint, labelled with the run and the method's phase.
 *
 * The SDK leaves them alone while a workflow is replayed, so each round sets them once, on the worker that ran it. Its gauges refuse
 * negative values (they would fail the workflow), so what a metric is below zero has a gauge of its own.
 */
import { metricMeter, workflowInfo } from '@temporalio/workflow';
import type { TrainingWarning } from '../../activities/report/types.js';

/** Metrics of several members (`<metric>.<member>`): the gauge they share, and the label that tells them apart. */
const families: Readonly<Record<string, { readonly gauge: string; readonly label: string }>> = {
  failed: { gauge: 'failed', label: 'reason' },
  reward: { gauge: 'rewardPart', label: 'part' },
  validationReward: { gauge: 'validationRewardPart', label: 'part' },
};

/**
 * `klPerToken` becomes `reft_kl_per_token` less `reft_kl_per_token_below_zero`, `failed.syntax` becomes `reft_failed` with the label
 * `reason="syntax"`, and `reward.style` becomes `reft_reward_part`, less its part below zero, with the label `part="style"`.
 */
export function setRoundGauges(
  phase: string,
  round: number,
  metrics: Readonly<Record<string, number>>,
  warnings: readonly TrainingWarning[],
): void {
  const meter = metricMeter.withTags({ run: workflowInfo().workflowId, phase });
  const set = (name: string, value: number, tags: Record<string, string> = {}): void => {
    meter.createGauge(`reft_${snakeCase(name)}`, 'float').set(value, tags);
  };
  const setSigned = (name: string, value: number, tags?: Record<string, string>): void => {
    set(name, Math.max(0, value), tags);
    set(`${name}_below_zero`, Math.max(0, -value), tags);
  };
  set('round', round);
  for (const [name, value] of Object.entries(metrics)) {
    if (!Number.isFinite(value)) continue;
    const [family = name, ...member] = name.split('.');
    const { gauge, label } = families[family] ?? {};
    const write = family === 'failed' ? set : setSigned; // counts are never negative
    if (gauge !== undefined && label !== undefined && member.length > 0)
      write(gauge, value, { [label]: member.join('.') });
    else setSigned(name, value);
  }
  for (const { kind, to } of warnings) set('warning', to === round ? 1 : 0, { kind });
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
