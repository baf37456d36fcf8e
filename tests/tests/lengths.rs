//! Every length in every message, claimed to be what it is not: decoding ends with an error,
//! takes no more memory than the limit of messages allows, and does bounded work.

use std::collections::BTreeSet;

use serde_reflection::Registry;
use throng_shared::limits::{CLIENT_MESSAGE_BYTES, SERVER_MESSAGE_BYTES};
use throng_shared::wire::{decode_client, decode_server, decode_snapshot_head};
use throng_tests::lengths::{CLAIMS, forged, lengths, messages, places};
use throng_tests::schema;

/// Memory that one decode may take at once, in bytes: twice the longest message.
const CLIENT_MEMORY: u64 = 2 * CLIENT_MESSAGE_BYTES as u64;
const SERVER_MEMORY: u64 = 2 * SERVER_MESSAGE_BYTES as u64;
/// And with lists in lists, each of which reserves for itself.
const NESTED_MEMORY: u64 = 2 * SERVER_MEMORY;
/// Allocations of one decode, beside one for each byte that came.
const ALLOCATIONS: u64 = 16;

/// Decodes under a counter, and holds the decoder to so much memory.
fn hold(what: &str, bytes: &[u8], memory: u64, decode: fn(&[u8]) -> bool) {
    let mut is_message = false;
    let taken = allocation_counter::measure(|| is_message = decode(bytes));
    assert!(!is_message, "{what}: because so much is not there");
    assert!(
        taken.bytes_max <= memory,
        "{what} took {} bytes: because memory is taken for what came, not for what was claimed",
        taken.bytes_max
    );
    assert!(
        taken.count_total <= bytes.len() as u64 + ALLOCATIONS && taken.bytes_total <= 2 * memory,
        "{what} made {} allocations of {} bytes: because work is bounded by what came",
        taken.count_total,
        taken.bytes_total
    );
}

/// Forges every length of every golden message of an end; gives the places of those.
fn forge_all(
    registry: &Registry,
    kind: &str,
    memory: u64,
    decode: fn(&[u8]) -> bool,
) -> BTreeSet<String> {
    let mut met = BTreeSet::new();
    for bytes in messages(kind) {
        for length in lengths(registry, kind, &bytes) {
            for claim in CLAIMS {
                let what = format!("{} of {claim}", length.place);
                hold(&what, &forged(&bytes, &length, claim), memory, decode);
                // Nothing behind it: the decoder cannot stop at what follows.
                hold(&what, &forged(&bytes[..length.end], &length, claim), memory, decode);
            }
            met.insert(length.place);
        }
    }
    met
}

#[test]
fn a_forged_length_is_an_error_that_costs_nothing() {
    let registry = schema::trace().expect("the wire can be traced");
    let mut met =
        forge_all(&registry, "ClientMessage", CLIENT_MEMORY, |bytes| decode_client(bytes).is_ok());
    met.extend(forge_all(&registry, "ServerMessage", SERVER_MEMORY, |bytes| {
        // A head is read without what follows, so it may be whole.
        let _ = decode_snapshot_head(bytes);
        decode_server(bytes).is_ok()
    }));
    let missing: Vec<_> = places(&registry).difference(&met).cloned().collect();
    assert!(missing.is_empty(), "because no length may be left out, and these were: {missing:?}");
}

#[test]
fn lengths_forged_in_each_other_cost_little_more() {
    let registry = schema::trace().expect("the wire can be traced");
    for bytes in messages("ServerMessage") {
        for claim in CLAIMS {
            let mut all = bytes.clone();
            // From the back, so that the places before stay where they are.
            for length in lengths(&registry, "ServerMessage", &bytes).iter().rev() {
                all = forged(&all, length, claim);
                hold("lengths", &all, NESTED_MEMORY, |bytes| decode_server(bytes).is_ok());
            }
        }
    }
}
