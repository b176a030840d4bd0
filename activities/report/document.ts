/**
 * The frame of every report: one HTML file that needs nothing else, no scripts and no network, to be read anywhere.
 *
 * All text passes through preact's rendering, which escapes it; a content security policy in the page forbids scripts and
 * requests besides. A page that is served while its run goes on has one script, which the policy names by its hash.
 */
import { createHash } from 'node:crypto';
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { render } from 'preact-render-to-string';
import { style } from './style.js';

/** What a page that is served has beside. */
export interface ServedPage {
  /** It may ask the server that it came from, and nobody else. */
  readonly script: string;
  readonly style: string;
}

/** The whole page, `<!doctype html>` included. The same content always gives the same bytes. */
export function renderDocument(title: string, content: VNode, served?: ServedPage): string {
  const page = html`
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content=${policyOf(served)} />
        <title>${title}</title>
        <style dangerouslySetInnerHTML=${{ __html: served ? style + served.style : style }} />
      </head>
      <body>
        <main>${content}</main>
        ${served && html`<script dangerouslySetInnerHTML=${{ __html: served.script }}></script>`}
      </body>
    </html>
  ` as VNode;
  return `<!doctype html>\n${render(page)}\n`;
}

function policyOf(served: ServedPage | undefined): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  if (served === undefined) return policy;
  const hash = createHash('sha256').update(served.script).digest('base64');
  return `${policy}; script-src 'sha256-${hash}'; connect-src 'self'`;
}
