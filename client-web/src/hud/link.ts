/** Says why there is no connection and when it is tried again, or what a player can do when it is not. */

import { type App, leave, nextTryMs, type Outage, tryNow } from '../app.ts';
import { closeCode, type Remedy } from '../session/close.ts';
import { type Page, setHidden, setText } from './page.ts';

const DEEDS: Readonly<Record<Remedy, string>> = { Start: 'Back to start', Reload: 'Load anew', Here: 'Play here' };

/** The room that was asked for is full, or there is none: there may be another one. */
const NO_SUCH_ROOM = closeCode('NoSuchRoom').number;
const ROOM_CODES: ReadonlySet<number> = new Set([closeCode('Full').number, NO_SUCH_ROOM]);

export function showLink(page: Page, app: App, nowMs: number): void {
  const { outage } = app;
  const appears = outage !== null && page.link.hidden;
  setHidden(page.link, outage === null);
  if (!outage) return;
  const over = !app.wanted;
  const { advice, remedy } = outage.code;
  setText(page.linkWhy, why(outage, over));
  setText(page.linkTitle, title(app));
  setText(page.linkWhen, over ? advice : when(nextTryMs(app), nowMs));
  setText(page.linkButton, over ? DEEDS[remedy] : 'Try now');
  setHidden(page.linkAny, app.room === '' || !ROOM_CODES.has(outage.code.number));
  setHidden(page.linkLeave, over && remedy === 'Start');
  // Not the button: whoever was about to dash would press it unread. Whoever types goes on typing.
  if (appears && !isTyping()) page.linkPanel.focus();
}

/** What the button of the overlay does; `takeOver` brings the session here from another window. */
export function pressLink(app: App, takeOver: () => void): void {
  if (app.wanted) tryNow(app);
  else if (app.outage?.code.remedy === 'Here') takeOver();
  else if (app.outage?.code.remedy === 'Reload') location.reload();
  else leave(app);
}

function isTyping(): boolean {
  return document.activeElement instanceof HTMLInputElement;
}

function title(app: App): string {
  if (app.outage?.code.number === NO_SUCH_ROOM) return 'No such room';
  if (!app.wanted) return app.outage?.code.remedy === 'Here' ? 'Playing elsewhere' : 'The game is over for now';
  return app.game ? 'Connection lost' : 'Not connected yet';
}

function why({ code, reason }: Outage, over: boolean): string {
  if (!over && !navigator.onLine) return 'Your device is offline.';
  return reason === '' || reason === code.text ? code.sentence : `${code.sentence} ${sentence(reason)}`;
}

function when(atMs: number, nowMs: number): string {
  const left = Math.ceil((atMs - nowMs) / 1000);
  return left > 0 ? `Next try in ${left} s` : 'Reconnecting now';
}

/** The server's words as a sentence. */
function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
