/** The report of a run that was cancelled: how far it came, how it learned, what it cost. It has no results on test questions. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { percent } from '../../workflows/config/metricText.js';
import { phaseCurves } from './curves.js';
import { dataSection } from './data.js';
import { difficultySection } from './difficulty.js';
import { renderDocument } from './document.js';
import { type Report, training } from './page.js';
import { compute, notes, specification } from './sections.js';
import { warningsSection } from './warnings.js';

export interface PartialReport extends Omit<Report, 'metrics' | 'answers'> {
  /** Of the best checkpoint, in percent; absent where it has not been validated. */
  readonly validationAccuracy?: number;
  /** How far the run was, in words. */
  readonly reached: string;
}

/** The whole page, as `renderReport`. */
export function renderPartialReport(report: PartialReport): string {
  const { title, reached, validationAccuracy, runId, checkpoint } = report;
  const best =
    validationAccuracy === undefined ? '' : `, ${percent(validationAccuracy)} % right on validation questions`;
  const content = html`
    <header>
      <h1>${title}</h1>
      <p class="lead soft"><strong>Partial report</strong>: the run was cancelled (${reached}). No test question has been asked.</p>
    </header>
    ${warningsSection(report.warnings)} ${training(phaseCurves(report.curve))} ${dataSection(report.data)}
    ${difficultySection(report.difficulty)} ${compute(report.work)} ${notes(report.notes)} ${specification(report.spec)}
    <footer>
      Run <code>${runId}</code>, best checkpoint so far <code>${checkpoint}</code>${best}
    </footer>
  ` as VNode;
  return renderDocument(`${title} (partial)`, content);
}
