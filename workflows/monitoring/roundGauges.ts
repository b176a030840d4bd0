/**
 * A round's metrics as gauges of the worker's Prometheus endpoint, labelled with the run and the method's phase.
 *
 * The SDK leaves them alone while a workflow is replayed, so each round sets them once, on the worker that ran it. Its gauges refuse
 * negative values (they would fail the workflow), so what a metric is below zero has a gauge of its own.
 */
import { metricMeter, workflowInfo } from '@temporalio/workflow';
import type { TrainingWarning } from '../../activities/report/types.js';

/**
 * `klPerToken` becomes `reft_kl_per_token` less `reft_kl_per_token_below_zero`, `failed.syntax` becomes `reft_failed` with the label
 * `reason="syntax"`.
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
  set('round', round);
  for (const [name, value] of Object.entries(metrics)) {
    if (!Number.isFinite(value)) continue;
    const [metric = name, reason] = name.split('.');
    if (reason !== undefined) set(metric, value, { reason });
    else {
      set(metric, Math.max(0, value));
      set(`${metric}_below_zero`, Math.max(0, -value));
    }
  }
  for (const { kind, to } of warnings) set('warning', to === round ? 1 : 0, { kind });
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
