/** Writes the bytes of bincode 2 `standard`. A value out of its type's range is a fault of ours and throws a `RangeError`. */

const utf8 = new TextEncoder();

export class Writer {
  private bytes: Uint8Array<ArrayBuffer>;
  private view: DataView<ArrayBuffer>;
  private at = 0;

  constructor(capacity = 64) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** A copy of what was written; the writer starts again from nothing. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = this.bytes.slice(0, this.at);
    this.at = 0;
    return out;
  }

  u8(value: number): void {
    const at = this.room(1);
    this.view.setUint8(at, checked(value, 0, 0xff));
  }

  i8(value: number): void {
    const at = this.room(1);
    this.view.setInt8(at, checked(value, -0x80, 0x7f));
  }

  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  /** The byte before the value of an `Option`. */
  option(present: boolean): void {
    this.u8(present ? 1 : 0);
  }

  varU16(value: number): void {
    this.varint(checked(value, 0, 0xffff));
  }

  varU32(value: number): void {
    this.varint(checked(value, 0, 0xffff_ffff));
  }

  varU64(value: bigint): void {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError(`${value} is no u64`);
    if (value <= 0xffff_ffffn) {
      this.varint(Number(value));
      return;
    }
    this.u8(253);
    const at = this.room(8);
    this.view.setBigUint64(at, value, true);
  }

  varI16(value: number): void {
    this.varint(zigzag(checked(value, -0x8000, 0x7fff)));
  }

  varI32(value: number): void {
    this.varint(zigzag(checked(value, -0x8000_0000, 0x7fff_ffff)));
  }

  f32(value: number): void {
    const at = this.room(4);
    this.view.setFloat32(at, value, true);
  }

  /** A number as `n` raw little-endian bytes. */
  bytesLE(value: number, n: number): void {
    let rest = checked(value, 0, 256 ** n - 1);
    const start = this.room(n);
    for (let i = 0; i < n; i++) {
      this.view.setUint8(start + i, rest % 256);
      rest = Math.floor(rest / 256);
    }
  }

  /** Exactly `n` raw bytes. */
  fixed(bytes: Uint8Array, n: number): void {
    checked(bytes.length, n, n);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    const start = this.room(bytes.length);
    this.bytes.set(bytes, start);
  }

  len(length: number): void {
    this.varint(checked(length, 0, 0xffff_ffff));
  }

  string(value: string): void {
    const bytes = utf8.encode(value);
    this.len(bytes.length);
    this.raw(bytes);
  }

  private varint(value: number): void {
    if (value < 251) {
      const at = this.room(1);
      this.view.setUint8(at, value);
    } else if (value <= 0xffff) {
      const at = this.room(3);
      this.view.setUint8(at, 251);
      this.view.setUint16(at + 1, value, true);
    } else {
      const at = this.room(5);
      this.view.setUint8(at, 252);
      this.view.setUint32(at + 1, value, true);
    }
  }

  /** Makes room for `n` bytes and gives their place. The view may be another one afterwards. */
  private room(n: number): number {
    const start = this.at;
    this.at = start + n;
    if (this.at > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.at, this.bytes.length * 2));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return start;
  }
}

function checked(value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) throw new RangeError(`${value} is outside ${min} to ${max}`);
  return value;
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}
