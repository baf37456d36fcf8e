/** Player names. Mirrors `shared/src/session/name.rs`. */

import { NAME_BYTES_MAX, NAME_CHARS_MAX, NAME_TYPED_BYTES_MAX } from '../limits.ts';

/**
 * Control and format characters, line and paragraph separators, what has no look of its own
 * (joiners, fillers, selectors, the blank of Braille), private use.
 */
const UNPRINTABLE =
  /[\p{Cc}\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u2800\u3164\uE000-\uF8FF\uFDD0-\uFDEF\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFC\uFFFE\uFFFF\u{110BD}\u{110CD}\u{13430}-\u{1343F}\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}\u{E0000}-\u{10FFFF}]/u;

/** Where the pictographs are that emoji are made of. Blocks rather than a property, as in the other file. */
const PICTOGRAPH =
  '\\u00A9\\u00AE\\u203C\\u2049\\u2190-\\u21FF\\u2300-\\u23FF\\u25A0-\\u27BF\\u2900-\\u297F\\u2B00-\\u2BFF\\u3030\\u303D\\u{1F000}-\\u{1F1E5}\\u{1F200}-\\u{1F3FA}\\u{1F400}-\\u{1FAFF}';
/** What is hidden in emoji and harmless there: joiners between pictographs, and selectors behind what they select. */
const JOINER = new RegExp(`(?<=[${PICTOGRAPH}][\\uFE0E\\uFE0F\\u{1F3FB}-\\u{1F3FF}]*)\\u200D(?=[${PICTOGRAPH}])`, 'gu');
const SELECTOR = new RegExp(
  `(?<=[${PICTOGRAPH}][\\uFE0E\\uFE0F\\u{1F3FB}-\\u{1F3FF}]*|[0-9#*][\\uFE0E\\uFE0F]*)[\\uFE0E\\uFE0F]`,
  'gu',
);

const bytes = new TextEncoder();

/**
 * In its compatibility form, with single spaces and none at its ends. Line breaks and tabs stay, and are
 * refused. `String.trim` takes a byte order mark for a space; the server does not.
 */
export function trimName(text: string): string {
  const typed = text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
  if (bytes.encode(typed).length > NAME_TYPED_BYTES_MAX) return typed;
  return typed
    .normalize('NFKC')
    .replace(/[ \u1680]+/g, ' ')
    .replace(/^ +|\p{White_Space}+$/gu, '');
}

/** Why a trimmed text is no name, in words, or nothing. */
export function nameFault(name: string): string {
  if (name === '') return 'A name needs at least one character.';
  const length = bytes.encode(name).length;
  const tooLong = `A name has at most ${NAME_CHARS_MAX} characters and ${NAME_BYTES_MAX} bytes.`;
  if (length > NAME_TYPED_BYTES_MAX) return tooLong;
  if (UNPRINTABLE.test(name.replace(JOINER, '').replace(SELECTOR, ''))) {
    return 'A name has no control, direction or hidden characters.';
  }
  return length > NAME_BYTES_MAX || countCharacters(name) > NAME_CHARS_MAX ? tooLong : '';
}

/** Characters as people count them: a letter with its accents is one, and so is a family. */
function countCharacters(text: string): number {
  return [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)].length;
}
