/** How long a line is, as the server counts it. */

import { CHAT_BYTES_MAX, CHAT_CHARS_MAX } from '../limits.ts';

/** From so few characters left on, they are shown. */
const SHOWN_FROM = 40;

const encoder = new TextEncoder();

/** Characters that may still be typed; below 0: so many too many. A line of rare characters ends by its bytes. */
export function charsLeft(text: string): number {
  const chars = [...text].length;
  const byChars = CHAT_CHARS_MAX - chars;
  const bytes = encoder.encode(text).length;
  if (bytes <= CHAT_BYTES_MAX) return byChars;
  return Math.min(byChars, -Math.ceil(((bytes - CHAT_BYTES_MAX) * chars) / bytes));
}

/** What is said of a line's length while it is typed: nothing while there is room. */
export function sayLeft(text: string): string {
  const left = charsLeft(text);
  if (left > SHOWN_FROM) return '';
  return left < 0 ? `${-left} too many` : `${left} left`;
}
