//! The exact schema of the wire types, traced through serde, and its hash.

use serde_reflection::{Registry, Tracer, TracerConfig};
use throng_shared::wire::{
    Ask, Audience, CellEvent, ClientMessage, Event, Motion, News, Order, Outcome, Priority,
    Problem, ServerMessage, TopicChange, Whom,
};

/// Every container of the wire by name.
///
/// # Errors
/// When a type cannot be traced, or an enum inside a message is not traced by itself here.
pub fn trace() -> Result<Registry, String> {
    let mut tracer = Tracer::new(TracerConfig::default());
    // Every enum is traced by itself: a message alone shows only one variant of an inner one.
    tracer
        .trace_simple_type::<ClientMessage>()
        .and_then(|_| tracer.trace_simple_type::<ServerMessage>())
        .and_then(|_| tracer.trace_simple_type::<CellEvent>())
        .and_then(|_| tracer.trace_simple_type::<Event>())
        .and_then(|_| tracer.trace_simple_type::<Motion>())
        .and_then(|_| tracer.trace_simple_type::<Ask>())
        .and_then(|_| tracer.trace_simple_type::<Audience>())
        .and_then(|_| tracer.trace_simple_type::<Whom>())
        .and_then(|_| tracer.trace_simple_type::<Order>())
        .and_then(|_| tracer.trace_simple_type::<Outcome>())
        .and_then(|_| tracer.trace_simple_type::<Problem>())
        .and_then(|_| tracer.trace_simple_type::<TopicChange>())
        .and_then(|_| tracer.trace_simple_type::<Priority>())
        .and_then(|_| tracer.trace_simple_type::<News>())
        .map_err(|error| format!("the wire types cannot be traced: {error}"))?;
    tracer.registry().map_err(|error| {
        format!("the wire has an enum that tests/src/schema.rs does not trace: {error}")
    })
}

/// First four bytes, big-endian, of the FNV-1a hash of the registry's text.
///
/// # Errors
/// When the registry has no text, which a traced one always has.
pub fn hash(registry: &Registry) -> Result<u32, String> {
    let text = serde_json::to_string(registry)
        .map_err(|error| format!("the schema cannot be written: {error}"))?;
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    Ok((hash >> 32) as u32)
}
