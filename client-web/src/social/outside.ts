/** The browser's own notifications: only while the page is hidden, and only after the player turned them on here. */

const STORED = 'throng.outside';
/** A new one takes the place of the last: a page that is hidden for long does not pile them up. */
const TAG = 'throng';

export class Outside {
  on = false;
  fault = '';

  constructor() {
    try {
      this.on = localStorage.getItem(STORED) === 'on' && 'Notification' in window && Notification.permission === 'granted';
    } catch {
      // What cannot be remembered is off.
    }
  }

  /** To be called from a click: browsers ask their question only then. */
  async turn(on: boolean): Promise<void> {
    this.fault = '';
    if (on && !('Notification' in window)) this.fault = 'This browser has no notifications.';
    else if (on && (await Notification.requestPermission()) !== 'granted') {
      this.fault = 'The browser does not allow it. Its settings for this site can change that.';
    }
    this.on = on && this.fault === '';
    try {
      localStorage.setItem(STORED, this.on ? 'on' : 'off');
    } catch {
      // It holds until the page is closed.
    }
  }

  tell(text: string): void {
    if (!this.on || !document.hidden) return;
    try {
      const told = new Notification('Throng', { body: text, tag: TAG });
      told.addEventListener('click', () => {
        window.focus();
        told.close();
      });
    } catch {
      // Some browsers on phones take them from service workers only.
      this.on = false;
    }
  }
}
