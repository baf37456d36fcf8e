/** Reads the bytes of bincode 2 `standard`: one bounds-checked cursor, and one typed error for whatever is wrong. */

export type DecodeReason =
  | 'UnexpectedEnd'
  | 'TrailingBytes'
  | 'BadBool'
  | 'BadOption'
  | 'BadVarint'
  | 'BadTag'
  | 'BadUtf8'
  | 'TooLong'
  | 'OutOfRange';

/** What a decoder throws: the caller turns it into close 4001. */
export class DecodeError extends Error {
  readonly reason: DecodeReason;
  readonly offset: number;

  constructor(reason: DecodeReason, offset: number) {
    super(`${reason} at byte ${offset}`);
    this.name = 'DecodeError';
    this.reason = reason;
    this.offset = offset;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class Reader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.at;
  }

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  /** Throws the error that belongs to what was just read. */
  fail(reason: DecodeReason): never {
    throw new DecodeError(reason, this.at);
  }

  /** Ends a message: trailing bytes are an error. */
  done(): void {
    if (this.at !== this.bytes.length) this.fail('TrailingBytes');
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  i8(): number {
    return this.view.getInt8(this.take(1));
  }

  bool(): boolean {
    const byte = this.u8();
    if (byte > 1) this.fail('BadBool');
    return byte === 1;
  }

  /** Whether an `Option` holds a value. */
  option(): boolean {
    const byte = this.u8();
    if (byte > 1) this.fail('BadOption');
    return byte === 1;
  }

  varU16(): number {
    return this.varint(251);
  }

  varU32(): number {
    return this.varint(252);
  }

  varU64(): bigint {
    const first = this.u8();
    if (first < 251) return BigInt(first);
    if (first === 251) return BigInt(this.view.getUint16(this.take(2), true));
    if (first === 252) return BigInt(this.view.getUint32(this.take(4), true));
    if (first === 253) return this.view.getBigUint64(this.take(8), true);
    return this.fail('BadVarint');
  }

  varI16(): number {
    const zigzag = this.varU16();
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  varI32(): number {
    const zigzag = this.varU32();
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  f32(): number {
    return this.view.getFloat32(this.take(4), true);
  }

  /** `n` raw bytes as one little-endian number; at most six, which a number holds exactly. */
  bytesLE(n: number): number {
    const start = this.take(n);
    let value = 0;
    for (let i = n - 1; i >= 0; i--) value = value * 256 + this.view.getUint8(start + i);
    return value;
  }

  /** A copy of `n` raw bytes. */
  fixed(n: number): Uint8Array {
    return this.raw(n).slice();
  }

  /** `n` raw bytes without copying them. */
  raw(n: number): Uint8Array {
    const start = this.take(n);
    return this.bytes.subarray(start, start + n);
  }

  /** A length, refused before anything is allocated for it: an item is at least one byte. */
  len(max: number): number {
    const length = this.varU64();
    if (length > BigInt(max)) this.fail('TooLong');
    if (length > BigInt(this.remaining)) this.fail('UnexpectedEnd');
    return Number(length);
  }

  string(): string {
    const start = this.at;
    const bytes = this.raw(this.len(this.remaining));
    try {
      return utf8.decode(bytes);
    } catch {
      throw new DecodeError('BadUtf8', start);
    }
  }

  private varint(widest: 251 | 252): number {
    const first = this.u8();
    if (first < 251) return first;
    if (first === 251) return this.view.getUint16(this.take(2), true);
    if (first === 252 && widest === 252) return this.view.getUint32(this.take(4), true);
    return this.fail('BadVarint');
  }

  private take(n: number): number {
    const start = this.at;
    if (n > this.bytes.length - start) this.fail('UnexpectedEnd');
    this.at = start + n;
    return start;
  }
}
