//! Whoever said Hello, and what with.

use throng_shared::session::Name;
use throng_shared::wire::{Identity, Resume};

/// Whoever said Hello, until it is known what becomes of it.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) name: Name,
    pub(super) look: u8,
    pub(super) ticket: Ticket,
    pub(super) resume: Option<Resume>,
    pub(super) wish: Wish,
}

/// Who somebody was before, and what is to become of it now.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) identity: Option<Identity>,
    pub(super) room: String,
    pub(super) watch: bool,
}

/// A ticket, which nobody is shown; empty when there is none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Ticket(pub String);

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket")
    }
}
