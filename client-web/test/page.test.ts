/** What the page itself has to say, before any program runs. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { keyAction } from '../src/input/devices.ts';

const page = readFileSync(new URL('../index.html', import.meta.url), 'utf8');

test('what counts down is not read out ten times a second', () => {
  expect(page).toMatch(/<section id="death" role="status"/);
  expect(page).toMatch(/<p id="death-wait" aria-live="off">/);
});

test('the keys that are named do what is said', () => {
  for (const [key, does] of [['J', 'Fire'], ['Space', 'Dash']] as const) {
    expect(page.toLowerCase()).toMatch(new RegExp(`<kbd>${key}</kbd> ${does}`.toLowerCase()));
    expect(keyAction(key === 'Space' ? key : `Key${key}`)).toBe(does);
  }
});
