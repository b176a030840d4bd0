/**
 * A round's metrics as gauges of the worker's Prometheus endpoint, labelled with the run and the method's phase.
 *
 * The SDK leaves them alone while a workflow is replayed, so each round sets them once, on the worker that ran it. Its gauges refuse
 * negative values (they would fail the workflow), so what a metric is below zero has a gauge of its own.
 */
import { metricMeter, workflowInfo } from '@temporalio/workflow';
import type { TrainingWarning } from '../../activities/report/types.js';
import { titleOfMetric } from '../config/metricTitles.js';

/** Metrics of several members (`<metric>.<member>`): the gauge they share, and the label that tells them apart. */
const families: Readonly<Record<string, { readonly gauge: string; readonly label: string; readonly help: string }>> = {
  failed: { gauge: 'failed', label: 'reason', help: 'Answers without a value, by reason' },
  reward: { gauge: 'rewardPart', label: 'part', help: 'Mean of a part of the reward' },
  validationReward: {
    gauge: 'validationRewardPart',
    label: 'part',
    help: 'Mean of a part of the reward on validation',
  },
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
  const set = (name: string, help: string, value: number, tags: Record<string, string> = {}): void => {
    meter.createGauge(`reft_${snakeCase(name)}`, 'float', undefined, help).set(value, tags);
  };
  const setSigned = (name: string, help: string, value: number, tags?: Record<string, string>): void => {
    set(name, `${help}; what is below zero is in _below_zero`, Math.max(0, value), tags);
    set(`${name}_below_zero`, `${help}: what is below zero, without its sign`, Math.max(0, -value), tags);
  };
  set('round', 'Rounds done', round);
  for (const [name, value] of Object.entries(metrics)) {
    if (!Number.isFinite(value)) continue;
    const [family = name, ...member] = name.split('.');
    const { gauge, label, help = '' } = families[family] ?? {};
    const write = family === 'failed' ? set : setSigned; // counts are never negative
    if (gauge !== undefined && label !== undefined && member.length > 0)
      write(gauge, help, value, { [label]: member.join('.') });
    else setSigned(name, helpOf(name), value);
  }
  for (const { kind, to } of warnings)
    set('warning', 'Whether the round showed this sign of collapse', to === round ? 1 : 0, { kind });
}

/** `Validation accuracy, in %`. */
function helpOf(name: string): string {
  const { title, unit } = titleOfMetric(name);
  return unit === '' ? title : `${title}, in ${unit}`;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
