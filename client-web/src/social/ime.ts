/** Whether a key belongs to an input method, which composes characters out of several keys, and not to the page. */

/** What a key event tells. Some browsers end the composition before the key that ended it, and then only the code tells. */
export interface KeyPress {
  readonly isComposing: boolean;
  readonly keyCode: number;
}

const PROCESSED = 229;

export function belongsToInputMethod(press: KeyPress): boolean {
  return press.isComposing || press.keyCode === PROCESSED;
}
