/** What the server made of a wish, in words. */

import type { Outcome } from '../wire/codec.ts';

/** What was wrong in a sentence, or nothing. */
export async function wrongIn(answer: Promise<Outcome>): Promise<string> {
  try {
    const outcome = await answer;
    if (outcome.kind === 'Done') return '';
    const text = outcome.text === '' ? 'The server refused that.' : outcome.text;
    // Some sentences say when.
    return outcome.retryAfterMs > 0 && !/\d/.test(text) ? `${text} Try again in ${Math.ceil(outcome.retryAfterMs / 1_000)} s.` : text;
  } catch {
    return 'No answer came from the server, so it may not have been done.';
  }
}
