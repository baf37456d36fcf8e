/** One WebSocket: opened, watched for a handshake that takes too long, and silent once disposed. */

const OPEN_MS = 6_000;
/** Unsent bytes beyond which an input is better not sent: it would arrive when nobody wants it. */
const UNSENT_BYTES = 64 << 10;

export interface LinkEvents {
  opened(): void;
  frame(bytes: Uint8Array): void;
  /** The link ended; not called after `dispose`. */
  closed(code: number, reason: string): void;
}

export class Link {
  private readonly socket: WebSocket;
  private readonly abort = new AbortController();
  private readonly timer: number;

  constructor(url: string, events: LinkEvents) {
    const { signal } = this.abort;
    this.socket = new WebSocket(url);
    this.socket.binaryType = 'arraybuffer';
    this.timer = window.setTimeout(() => {
      if (this.socket.readyState === WebSocket.CONNECTING) this.socket.close();
    }, OPEN_MS);
    this.socket.addEventListener('open', () => events.opened(), { signal });
    this.socket.addEventListener(
      'message',
      (event: MessageEvent<ArrayBuffer | string>) => {
        // A text is no message of ours; as bytes it is refused like any other nonsense.
        events.frame(typeof event.data === 'string' ? new Uint8Array() : new Uint8Array(event.data));
      },
      { signal },
    );
    this.socket.addEventListener(
      'close',
      (event) => {
        this.dispose();
        events.closed(event.code, event.reason);
      },
      { signal },
    );
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(bytes);
  }

  /** Whether so much is unsent that what is said now arrives late. */
  isClogged(): boolean {
    return this.socket.bufferedAmount > UNSENT_BYTES;
  }

  /** Closes without telling `closed`. A page may only say 1000 and codes of our own. */
  dispose(code = 1000): void {
    this.abort.abort();
    window.clearTimeout(this.timer);
    if (this.socket.readyState <= WebSocket.OPEN) this.socket.close(code >= 4000 ? code : 1000);
  }
}
