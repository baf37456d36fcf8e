/** Listens to the page's input events and writes them into `Devices`. */

import { type Devices, keyAction, pressDash, releaseAll, thumbDown, thumbMove, thumbUp } from './devices.ts';

export class Listener {
  private readonly abort = new AbortController();

  /** `isPlaying` tells whether keys belong to the game and not to the page. */
  constructor(canvas: HTMLCanvasElement, dashButton: HTMLElement, devices: Devices, isPlaying: () => boolean) {
    const { signal } = this.abort;
    window.addEventListener(
      'keydown',
      (event) => {
        const action = keyAction(event.code);
        if (!action || !isPlaying() || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        if (action === 'Dash' && !event.repeat) pressDash(devices, event.timeStamp);
        devices.keys.add(event.code);
      },
      { signal },
    );
    window.addEventListener('keyup', (event) => devices.keys.delete(event.code), { signal });
    window.addEventListener('blur', () => releaseAll(devices), { signal });
    window.addEventListener(
      'pointermove',
      (event) => {
        if (event.pointerType === 'touch') {
          thumbMove(devices, event.pointerId, event.clientX, event.clientY);
          return;
        }
        devices.mouseSeen = true;
        devices.mouseX = event.clientX;
        devices.mouseY = event.clientY;
      },
      { signal },
    );
    canvas.addEventListener(
      'pointerdown',
      (event) => {
        if (!isPlaying()) return;
        event.preventDefault();
        if (event.pointerType === 'touch') {
          devices.mouseSeen = false;
          thumbDown(devices, event.pointerId, event.clientX, event.clientY, window.innerWidth);
        } else if (event.button === 0) {
          devices.mouseSeen = true;
          devices.mouseX = event.clientX;
          devices.mouseY = event.clientY;
          devices.mouseDown = true;
        } else if (event.button === 2) {
          pressDash(devices, event.timeStamp);
        }
      },
      { signal },
    );
    const up = (event: PointerEvent): void => {
      if (event.pointerType === 'touch') thumbUp(devices, event.pointerId);
      else if (event.button === 0) devices.mouseDown = false;
    };
    window.addEventListener('pointerup', up, { signal });
    window.addEventListener('pointercancel', up, { signal });
    canvas.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
    dashButton.addEventListener(
      'pointerdown',
      (event) => {
        event.preventDefault();
        pressDash(devices, event.timeStamp);
      },
      { signal },
    );
  }

  dispose(): void {
    this.abort.abort();
  }
}
