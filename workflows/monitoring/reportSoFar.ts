/** The query `report`: what a report of the run so far is made of, beside its curve. The live report asks it. */
import { defineQuery, setHandler } from '@temporalio/workflow';
import type { PreparedData } from '../../activities/data/types.js';
import type { Work } from '../../activities/report/types.js';
import type { Spec } from '../config/spec.js';
import type { RunState } from '../runState.js';
import { describeShortages, describeStop, type LatestAnswers } from './journal.js';

export interface ReportSoFar {
  readonly title: string;
  readonly spec: Spec;
  /** Absent before they are prepared. */
  readonly data?: PreparedData;
  /** Of the models that have been measured on the test questions. */
  readonly metrics: RunState['metrics'];
  /** Engine work by what it was for; the baseline's once that has ended. */
  readonly work: Readonly<Record<string, Work>>;
  readonly notes: readonly string[];
  readonly latestAnswers?: LatestAnswers;
}

export const reportQuery = defineQuery<ReportSoFar>('report');

export function serveReport(run: RunState): void {
  const describe = (): ReportSoFar => {
    const { spec, data, metrics, journal, notes } = run;
    const { work, latestAnswers } = journal;
    return {
      title: spec.title,
      spec,
      ...(data === undefined ? {} : { data }),
      metrics,
      work,
      notes: [...notes, ...describeShortages(journal), ...describeStop(journal)],
      ...(latestAnswers === undefined ? {} : { latestAnswers }),
    };
  };
  setHandler(reportQuery, describe, { description: 'What a report of the run so far is made of' });
}
