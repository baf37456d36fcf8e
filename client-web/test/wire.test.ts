import { describe, expect, test } from 'vitest';
import { DecodeError, Reader } from '../src/wire/reader.ts';
import { Writer } from '../src/wire/writer.ts';

function reasonOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof DecodeError) return error.reason;
    throw error;
  }
  return 'none';
}

const reader = (...bytes: number[]): Reader => new Reader(Uint8Array.of(...bytes));

describe('numbers', () => {
  test('varints take the width that bincode gives them', () => {
    const cases: readonly (readonly [number, readonly number[]])[] = [
      [0, [0]],
      [250, [250]],
      [251, [251, 251, 0]],
      [65_535, [251, 255, 255]],
      [65_536, [252, 0, 0, 1, 0]],
      [4_294_967_295, [252, 255, 255, 255, 255]],
    ];
    for (const [value, bytes] of cases) {
      const writer = new Writer();
      writer.varU32(value);
      const written = writer.finish();
      expect([...written], `because ${value} has one canonical form`).toEqual(bytes);
      expect(new Reader(written).varU32()).toBe(value);
    }
  });

  test('64-bit values come back whole', () => {
    for (const value of [0n, 250n, 251n, 65_535n, 65_536n, 2n ** 32n, 2n ** 64n - 1n]) {
      const writer = new Writer(1);
      writer.varU64(value);
      expect(new Reader(writer.finish()).varU64()).toBe(value);
    }
  });

  test('signed values zigzag, to both ends of their range', () => {
    for (const value of [0, -1, 1, -125, 125, -126, 32_767, -32_768]) {
      const writer = new Writer();
      writer.varI16(value);
      expect(new Reader(writer.finish()).varI16()).toBe(value);
    }
    for (const value of [0, -1, 2_147_483_647, -2_147_483_648]) {
      const writer = new Writer();
      writer.varI32(value);
      expect(new Reader(writer.finish()).varI32()).toBe(value);
    }
    expect(reader(1).varI16(), 'because bincode writes -1 as 1').toBe(-1);
  });

  test('a longer form than needed is read, a wider one than the type is refused', () => {
    expect(reader(251, 7, 0).varU16()).toBe(7);
    expect(reader(252, 7, 0, 0, 0).varU32()).toBe(7);
    expect(reasonOf(() => reader(252, 7, 0, 0, 0).varU16())).toBe('BadVarint');
    expect(reasonOf(() => reader(253, 7, 0, 0, 0, 0, 0, 0, 0).varU32())).toBe('BadVarint');
    expect(reasonOf(() => reader(254).varU64())).toBe('BadVarint');
  });

  test('fixed bytes are little-endian', () => {
    expect(reader(0x34, 0x12).bytesLE(2)).toBe(0x1234);
    expect(reader(0xff, 0xff, 0xff).bytesLE(3)).toBe(0xffffff);
    const writer = new Writer();
    writer.bytesLE(0xabcdef, 3);
    expect([...writer.finish()]).toEqual([0xef, 0xcd, 0xab]);
  });

  test('a value out of range is not written', () => {
    const writer = new Writer();
    expect(() => writer.u8(256)).toThrow(RangeError);
    expect(() => writer.varU16(-1)).toThrow(RangeError);
    expect(() => writer.varU32(1.5)).toThrow(RangeError);
    expect(() => writer.bytesLE(65_536, 2)).toThrow(RangeError);
  });
});

describe('bounds', () => {
  test('nothing is read past the end', () => {
    expect(reasonOf(() => reader().u8())).toBe('UnexpectedEnd');
    expect(reasonOf(() => reader(251, 1).varU16())).toBe('UnexpectedEnd');
    expect(reasonOf(() => reader(1, 2).bytesLE(3))).toBe('UnexpectedEnd');
    expect(reasonOf(() => reader(5, 65, 66).string())).toBe('TooLong');
  });

  test('a forged length costs nothing', () => {
    expect(reasonOf(() => reader(253, 255, 255, 255, 255, 255, 255, 255, 255).len(1_000))).toBe('TooLong');
    expect(reasonOf(() => reader(200, 1, 2).len(1_000))).toBe('UnexpectedEnd');
  });

  test('trailing bytes are an error', () => {
    const rest = reader(1, 2);
    rest.u8();
    expect(reasonOf(() => rest.done())).toBe('TrailingBytes');
  });

  test('bool and option are 0 or 1', () => {
    expect(reader(1).bool()).toBe(true);
    expect(reasonOf(() => reader(2).bool())).toBe('BadBool');
    expect(reasonOf(() => reader(2).option())).toBe('BadOption');
  });

  test('an error tells where it was', () => {
    const bytes = reader(1, 1, 9);
    bytes.u8();
    bytes.bool();
    try {
      bytes.bool();
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeError);
      expect((error as DecodeError).offset).toBe(3);
    }
  });
});

describe('text', () => {
  test('comes back as it was', () => {
    for (const text of ['', 'Ada', '飛行士', 'a🛰b', '\uFEFFmark']) {
      const writer = new Writer(2);
      writer.string(text);
      const bytes = new Reader(writer.finish());
      expect(bytes.string()).toBe(text);
      bytes.done();
    }
  });

  test('that is not UTF-8 is refused', () => {
    expect(reasonOf(() => reader(1, 0xff).string())).toBe('BadUtf8');
    expect(reasonOf(() => reader(3, 0xed, 0xa0, 0x80).string())).toBe('BadUtf8');
  });
});
