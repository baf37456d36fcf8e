//! Bits, written and read with the low ones first.

use glam::IVec2;

/// Appends bits to bytes; whole bytes only once it has ended.
#[must_use = "bits that wait are lost without `end`"]
pub(crate) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    waiting: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, waiting: 0, count: 0 }
    }

    /// Appends the low `bits` of `value`, at most 32, which must hold all of it.
    pub(crate) fn put(&mut self, value: u32, bits: u32) {
        assert!(u64::from(value) >> bits == 0, "{value} needs more than {bits} bits");
        self.waiting |= u64::from(value) << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.out.push(self.waiting as u8);
            self.waiting >>= 8;
            self.count -= 8;
        }
    }

    /// Appends two numbers of `bits` each, signs included.
    pub(crate) fn put_vec(&mut self, vec: IVec2, bits: u32) {
        assert!(fits(vec, bits), "{vec} needs more than {bits} bits an axis");
        for part in [vec.x, vec.y] {
            self.put(part.cast_unsigned() & ((1 << bits) - 1), bits);
        }
    }

    /// Fills the last byte with zeros.
    pub(crate) fn end(self) {
        if self.count > 0 {
            self.out.push(self.waiting as u8);
        }
    }
}

/// Whether both parts of `vec` can be written with `bits` bits each.
pub(crate) fn fits(vec: IVec2, bits: u32) -> bool {
    let half = 1 << (bits - 1);
    (-half..half).contains(&vec.x) && (-half..half).contains(&vec.y)
}

/// Reads what a [`BitWriter`] wrote.
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn take(&mut self, bits: u32) -> u32 {
        let mut value = 0;
        for bit in 0..bits {
            let byte = self.bytes[self.at / 8];
            value |= u32::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        value
    }

    pub(crate) fn take_bit(&mut self) -> bool {
        self.take(1) == 1
    }

    pub(crate) fn take_vec(&mut self, bits: u32) -> IVec2 {
        let mut part = || (self.take(bits) << (32 - bits)).cast_signed() >> (32 - bits);
        let x = part();
        IVec2::new(x, part())
    }

    /// Goes on at the next whole byte.
    pub(crate) fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len() * 8
    }
}
