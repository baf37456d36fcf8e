//! Counts frames by their headers while bytes pass by. The protocol machine answers pings
//! itself and joins fragments, so that what it gives is less than what a peer sent.

/// Bytes of the longest header: two, a length of eight, and a mask.
const HEADER_MAX: usize = 14;
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
/// Opcodes from here on are of control frames.
const CONTROL: u8 = 0x08;

/// What was counted since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) bytes: u64,
    /// Frames that end no message: nobody sees them but the protocol machine.
    pub(super) fragments: u32,
    /// Whether a frame has declared more than it may have.
    pub(super) is_too_big: bool,
}

/// Where in a stream of frames it stands.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    frame_bytes_max: u64,
    header: [u8; HEADER_MAX],
    header_len: usize,
    /// What is left of the payload of the last frame.
    payload: u64,
    passed: Passed,
}

impl Scan {
    /// Frames may have so many bytes of payload.
    pub(super) fn new(frame_bytes_max: usize) -> Self {
        Self {
            frame_bytes_max: frame_bytes_max as u64,
            header: [0; HEADER_MAX],
            header_len: 0,
            payload: 0,
            passed: Passed::default(),
        }
    }

    /// What was counted since the last call.
    pub(super) fn take(&mut self) -> Passed {
        std::mem::take(&mut self.passed)
    }

    /// Bytes that came and are of no frame.
    pub(super) fn charge(&mut self, bytes: usize) {
        self.passed.bytes += bytes as u64;
    }

    /// Bytes that came.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        self.passed.bytes += bytes.len() as u64;
        loop {
            let skipped = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
            self.payload -= skipped as u64;
            bytes = &bytes[skipped..];
            let Some((&byte, rest)) = bytes.split_first() else { return };
            bytes = rest;
            self.header[self.header_len] = byte;
            self.header_len += 1;
            self.end_header();
        }
    }

    /// Begins the payload, when the header is whole.
    fn end_header(&mut self) {
        let [first, second, ..] = self.header;
        if self.header_len < 2 {
            return;
        }
        let (length_end, declared) = match second & !MASKED {
            126 => (4, u64::from(u16::from_be_bytes([self.header[2], self.header[3]]))),
            127 => {
                let mut length = [0; 8];
                length.copy_from_slice(&self.header[2..10]);
                (10, u64::from_be_bytes(length))
            }
            short => (2, u64::from(short)),
        };
        if self.header_len < length_end {
            return;
        }
        // Known before the mask is there: nobody has to wait for it.
        self.passed.is_too_big |= declared > self.frame_bytes_max;
        if self.header_len < length_end + if second & MASKED == 0 { 0 } else { 4 } {
            return;
        }
        let is_control = first & CONTROL != 0;
        self.passed.fragments += u32::from(!is_control && first & FINAL == 0);
        self.header_len = 0;
        self.payload = declared;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A masked frame of zeros.
    fn frame(first: u8, len: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match len {
            0..=125 => frame.push(MASKED | len as u8),
            126..=0xFFFF => {
                frame.push(MASKED | 126);
                frame.extend_from_slice(&(len as u16).to_be_bytes());
            }
            _ => {
                frame.push(MASKED | 127);
                frame.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&[1, 2, 3, 4]);
        frame.resize(frame.len() + len, 0);
        frame
    }

    #[test]
    fn frames_are_counted_however_the_stream_is_cut() {
        let stream = [
            frame(0x02, 1),
            frame(0x00, 0),
            frame(0x89, 125),
            frame(0x00, 300),
            frame(0x80, 1),
            frame(0x82, 1024),
            frame(0x02, 70_000),
        ]
        .concat();
        for piece in [1, 2, 3, 7, 1000, stream.len()] {
            let mut scan = Scan::new(1 << 20);
            stream.chunks(piece).for_each(|bytes| scan.pass(bytes));
            let expected = Passed { bytes: stream.len() as u64, fragments: 4, is_too_big: false };
            assert_eq!(scan.take(), expected, "because pieces of {piece} bytes are the same");
            assert_eq!(scan.take(), Passed::default());
        }
    }

    #[test]
    fn a_length_that_is_too_big_is_seen_before_the_payload_and_the_mask() {
        for length in [1025_u64, 1 << 16, (1 << 32) - 1, 1 << 44, 1 << 63, u64::MAX] {
            let mut scan = Scan::new(1024);
            scan.pass(&[0x82, MASKED | 127]);
            scan.pass(&length.to_be_bytes()[..7]);
            assert!(!scan.take().is_too_big, "because the length is not whole");
            scan.pass(&length.to_be_bytes()[7..]);
            assert!(scan.take().is_too_big, "because {length} bytes are declared");
        }
        let mut scan = Scan::new(1024);
        scan.pass(&[0x82, MASKED | 126, 4, 1]);
        assert!(scan.take().is_too_big, "because 1025 bytes are declared");
        let mut scan = Scan::new(1024);
        scan.pass(&frame(0x82, 1024));
        assert!(!scan.take().is_too_big);
    }
}
