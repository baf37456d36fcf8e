/** One WebSocket, of the platform or of a library: binary messages both ways, and silence once disposed. */

const OPEN = 1;

/** What is used of a WebSocket: those of browsers and of Node 22 fit, and that of the npm package `ws`. */
export interface SocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: ArrayBuffer): void;
  close(code?: number): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void;
}

export type SocketClass = new (url: string) => SocketLike;

export interface LinkEvents {
  opened(): void;
  frame(bytes: Uint8Array): void;
  /** The link ended; not called after `dispose`. */
  closed(code: number, reason: string): void;
}

export class Link {
  private readonly socket: SocketLike;
  private disposed = false;

  /** Throws what the class throws, for example at an address that is none. */
  constructor(Socket: SocketClass, url: string, events: LinkEvents) {
    this.socket = new Socket(url);
    this.socket.binaryType = 'arraybuffer';
    this.socket.addEventListener('open', () => {
      if (!this.disposed) events.opened();
    });
    this.socket.addEventListener('message', ({ data }) => {
      // A text is no message of ours; as bytes it is refused like any other nonsense.
      if (!this.disposed) events.frame(typeof data === 'string' ? new Uint8Array() : new Uint8Array(data as ArrayBuffer));
    });
    this.socket.addEventListener('close', ({ code, reason }) => {
      if (this.disposed) return;
      this.disposed = true;
      events.closed(code, reason);
    });
    // A close follows, and says more; but some classes throw when nobody listens.
    this.socket.addEventListener('error', () => {});
  }

  /** Bytes that were said and have not left. */
  get bufferedAmount(): number {
    return this.socket.bufferedAmount;
  }

  /** False when it is not open, and nothing was sent. */
  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.disposed || this.socket.readyState !== OPEN) return false;
    this.socket.send(bytes.buffer);
    return true;
  }

  /** Closes without telling `closed`. A client may only say 1000 and codes of our own. */
  dispose(code = 1000): void {
    if (this.disposed) return;
    this.disposed = true;
    if (this.socket.readyState <= OPEN) this.socket.close(code >= 4000 ? code : 1000);
  }
}
