/**
 * The frame of every report: one HTML file that needs nothing else, no scripts and no network, to be read anywhere.
 *
 * All text passes through preact's rendering, which escapes it; a content security policy in the page forbids scripts and
 * requests besides.
 */
import { html } from 'htm/preact';
import type { VNode } from 'preact';
import { render } from 'preact-render-to-string';
import { style } from './style.js';

/** The whole page, `<!doctype html>` included. The same content always gives the same bytes. */
export function renderDocument(title: string, content: VNode): string {
  const page = html`
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style dangerouslySetInnerHTML=${{ __html: style }} />
      </head>
      <body>
        <main>${content}</main>
      </body>
    </html>
  ` as VNode;
  return `<!doctype html>\n${render(page)}\n`;
}
