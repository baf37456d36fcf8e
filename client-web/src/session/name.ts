/** Player names. Mirrors `shared/src/session/name.rs`. */

import { NAME_BYTES_MAX, NAME_CHARS_MAX } from '../limits.ts';

/** Control characters, and those that turn or hide the text around them. */
const UNPRINTABLE =
  /[\p{Cc}\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/u;

/** Without the spaces at its ends. `String.trim` takes a byte order mark for one; the server does not. */
export function trimName(text: string): string {
  return text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
}

/** Why a trimmed text is no name, in words, or nothing. */
export function nameFault(name: string): string {
  if (name === '') return 'A name needs at least one character.';
  if ([...name].length > NAME_CHARS_MAX || new TextEncoder().encode(name).length > NAME_BYTES_MAX) {
    return `A name has at most ${NAME_CHARS_MAX} characters.`;
  }
  return UNPRINTABLE.test(name) ? 'A name has no control or direction characters.' : '';
}
