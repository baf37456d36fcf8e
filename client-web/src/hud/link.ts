/** Says that the connection is lost and when it is tried again, or that the session is over. */

import type { App } from '../app.ts';
import { type Page, setHidden, setText } from './page.ts';

export function showLink(page: Page, app: App, nowMs: number): void {
  const { outage } = app;
  const appears = outage !== null && page.link.hidden;
  setHidden(page.link, outage === null);
  if (!outage) return;
  if (appears) page.linkButton.focus();
  const { code, reason, retryAtMs } = outage;
  const over = !app.wanted;
  const why = reason === '' || reason === code.text ? code.sentence : `${code.sentence} ${sentence(reason)}`;
  setText(page.linkWhy, why);
  if (over) {
    setText(page.linkTitle, 'The game is over for now');
    setText(page.linkWhen, '');
    setText(page.linkButton, 'Back to start');
  } else {
    setText(page.linkTitle, app.game ? 'Connection lost' : 'Not connected yet');
    const left = Math.max(0, Math.ceil((retryAtMs - nowMs) / 1000));
    setText(page.linkWhen, Number.isNaN(retryAtMs) || left === 0 ? 'Reconnecting now' : `Reconnecting in ${left} s`);
    setText(page.linkButton, 'Try now');
  }
}

/** The server's words as a sentence. */
function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
