/** What the pages of the live reports have in common: style, the script that asks for them anew, and since when they are as they are. Pure. */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { renderDocument } from '../../activities/report/document.js';
import { refreshScript } from './script.js';
import { liveStyle } from './style.js';

/** The whole page, `<!doctype html>` included. */
export function renderLiveDocument(title: string, content: VNode): string {
  return renderDocument(title, content, { script: refreshScript, style: liveStyle });
}

/** For a page of several runs. */
export function headerAsOf(title: string, asOf: Date): VNode {
  return html`
    <header>
      <h1>${title}</h1>
      <p class="lead soft">
        As of <time datetime=${asOf.toISOString()}>${inUtc(asOf)}</time>
        <span class="lost" hidden>: the server no longer answers</span>
      </p>
    </header>
  ` as VNode;
}

/** `2026-11-28 20:15:09 UTC`: whoever looks may be elsewhere. */
export function inUtc(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
