//! How long it takes to refuse a message in which a length lies: each length of each golden
//! message, claimed to be 2^16, 2^32-1, 2^44 and 2^63, with and without what follows it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use throng_shared::wire::{decode_client, decode_server};
use throng_tests::lengths::{CLAIMS, forged, lengths, messages};
use throng_tests::schema;

/// How often each is refused; what counts is the time in the middle.
const REPEATS: usize = 101;
/// What a refusal may take.
const MOST: Duration = Duration::from_micros(100);

fn main() {
    for (kind, refuses) in [
        ("ClientMessage", (|bytes| decode_client(bytes).is_err()) as fn(&[u8]) -> bool),
        ("ServerMessage", |bytes| decode_server(bytes).is_err()),
    ] {
        let registry = schema::trace().expect("the wire can be traced");
        let mut refused = 0;
        let (mut slowest, mut slowest_of) = (Duration::ZERO, String::new());
        let mut single = Duration::ZERO;
        for bytes in messages(kind) {
            for length in lengths(&registry, kind, &bytes) {
                for (claim, end) in CLAIMS
                    .into_iter()
                    .flat_map(|claim| [bytes.len(), length.end].map(|end| (claim, end)))
                {
                    let message = forged(&bytes[..end], &length, claim);
                    let mut times = [Duration::ZERO; REPEATS];
                    for time in &mut times {
                        let began = Instant::now();
                        let is_refused = refuses(black_box(&message));
                        *time = began.elapsed();
                        assert!(is_refused, "because {} of {claim} is not there", length.place);
                    }
                    times.sort_unstable();
                    refused += 1;
                    single = single.max(times[REPEATS - 1]);
                    if times[REPEATS / 2] > slowest {
                        slowest = times[REPEATS / 2];
                        slowest_of = format!("{} of {claim}", length.place);
                    }
                }
            }
        }
        println!(
            "{kind}: {refused} forged messages, refused in {slowest:.1?} at most ({slowest_of}; \
             median of {REPEATS}), {single:.1?} in a single try; {} {MOST:?}",
            if slowest <= MOST { "within" } else { "over" },
        );
    }
}
