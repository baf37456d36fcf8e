/** Says why there is no connection and when it is tried again, or what a player can do when it is not. */

import { type App, leave, nextTryMs } from '../app.ts';
import type { Outage } from '../sdk/events.ts';
import { closeCode } from '../session/close.ts';
import { adviceOf, type Remedy, SENTENCES } from './farewell.ts';
import { type Page, setHidden, setText } from './page.ts';

const DEEDS: Readonly<Record<Remedy, string>> = { Start: 'Back to start', Reload: 'Load anew', Here: 'Play here' };

/** The room that was asked for is full, or there is none: there may be another one. */
const NO_SUCH_ROOM = closeCode('NoSuchRoom').number;
const ROOM_CODES: ReadonlySet<number> = new Set([closeCode('Full').number, NO_SUCH_ROOM]);

/** `asking`: the window that plays is asked for the session just now. */
export function showLink(page: Page, app: App, nowMs: number, asking: boolean): void {
  const { outage } = app;
  const appears = outage !== null && page.link.hidden;
  setHidden(page.link, outage === null);
  if (!outage) return;
  const over = !app.wanted;
  const { advice, remedy } = adviceOf(outage.code.name);
  setText(page.linkWhy, why(outage, over));
  setText(page.linkTitle, title(app));
  setText(page.linkWhen, over ? advice : when(nextTryMs(app), nowMs));
  setText(page.linkButton, asking ? 'One moment …' : over ? DEEDS[remedy] : 'Try now');
  setHidden(page.linkAny, app.room === '' || !ROOM_CODES.has(outage.code.number));
  setHidden(page.linkLeave, over && remedy === 'Start');
  // Not the button: whoever was about to dash would press it unread. Whoever types goes on typing.
  if (appears && !isTyping()) page.linkPanel.focus();
}

/** What the button of the overlay does; `takeOver` brings the session here from another window. */
export function pressLink(app: App, takeOver: () => void): void {
  if (app.wanted) app.throng.retry();
  else if (remedyOf(app) === 'Here') takeOver();
  else if (remedyOf(app) === 'Reload') location.reload();
  else leave(app);
}

function isTyping(): boolean {
  return document.activeElement instanceof HTMLInputElement;
}

function remedyOf({ outage }: App): Remedy | null {
  return outage && adviceOf(outage.code.name).remedy;
}

function title(app: App): string {
  if (app.outage?.code.number === NO_SUCH_ROOM) return 'No such room';
  if (!app.wanted) return remedyOf(app) === 'Here' ? 'Playing elsewhere' : 'The game is over for now';
  return app.game ? 'Connection lost' : 'Not connected yet';
}

function why({ code, reason }: Outage, over: boolean): string {
  if (!over && !navigator.onLine) return 'Your device is offline.';
  const said = SENTENCES[code.name];
  return reason === '' || reason === code.text ? said : `${said} ${sentence(reason)}`;
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
