/** Listens to the page's input events and writes them into `Devices`. */

import {
  type Devices,
  isCommand,
  keyAction,
  keyDown,
  pressDash,
  releaseAll,
  takeButtons,
  thumbDown,
  thumbMove,
  thumbUp,
} from './devices.ts';

export class Listener {
  private readonly abort = new AbortController();

  /** `isPlaying` tells whether keys belong to the game and not to the page. */
  constructor(canvas: HTMLCanvasElement, dashButton: HTMLElement, devices: Devices, isPlaying: () => boolean) {
    const { signal } = this.abort;
    window.addEventListener(
      'keydown',
      (event) => {
        if (isCommand(event.code)) devices.keys.clear();
        if (!keyAction(event.code) || !isPlaying() || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        keyDown(devices, event.code, event.repeat, event.timeStamp);
      },
      { signal },
    );
    window.addEventListener(
      'keyup',
      (event) => {
        if (isCommand(event.code)) devices.keys.clear();
        else devices.keys.delete(event.code);
      },
      { signal },
    );
    window.addEventListener('blur', () => releaseAll(devices), { signal });
    const mouse = (event: PointerEvent): void => {
      const inArena = event.target === canvas && isPlaying();
      takeButtons(devices, event.buttons, inArena, event.timeStamp);
    };
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
        mouse(event);
      },
      { signal },
    );
    window.addEventListener(
      'pointerdown',
      (event) => {
        const inArena = event.target === canvas && isPlaying();
        if (inArena) event.preventDefault();
        if (event.pointerType !== 'touch') {
          if (inArena) {
            devices.mouseSeen = true;
            devices.mouseX = event.clientX;
            devices.mouseY = event.clientY;
          }
          // It is the first one: what was down before was let go where nobody told.
          devices.buttons = 0;
          mouse(event);
        } else if (inArena) {
          devices.mouseSeen = false;
          thumbDown(devices, event.pointerId, event.clientX, event.clientY, window.innerWidth);
        }
      },
      { signal },
    );
    const up = (event: PointerEvent): void => {
      if (event.pointerType === 'touch') thumbUp(devices, event.pointerId);
      else mouse(event);
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
