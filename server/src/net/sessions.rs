//! What sessions are taken up again with: random secrets, of which only a fingerprint is
//! kept, and which network thread has the session. It is asked at a Hello and nowhere else.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use throng_shared::limits::SECRET_BYTES;
use throng_shared::wire::Secret;

use crate::link::ConnId;

/// SHA-256 of a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(secret: &Secret) -> Self {
        let digest = digest(&SHA256, &secret.0);
        Self(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint")
    }
}

/// A new secret, and what is kept of it.
pub(super) fn draw() -> (Secret, Fingerprint) {
    let mut bytes = [0; SECRET_BYTES];
    SystemRandom::new().fill(&mut bytes).expect("the system has random bytes");
    let secret = Secret(bytes);
    let fingerprint = Fingerprint::of(&secret);
    (secret, fingerprint)
}

/// Where the session of each secret is: two secrets for each session at most.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<Fingerprint, ConnId>>);

impl Sessions {
    pub(super) fn find(&self, fingerprint: &Fingerprint) -> Option<ConnId> {
        self.lock().get(fingerprint).copied()
    }

    pub(super) fn put(&self, fingerprint: Fingerprint, owner: ConnId) {
        self.lock().insert(fingerprint, owner);
    }

    /// Hands a session over, if `give` succeeds: nobody looks for it meanwhile, nor does
    /// the new owner forget it before it is put there.
    pub(super) fn hand_over<E>(
        &self,
        fingerprints: impl Iterator<Item = Fingerprint>,
        to: ConnId,
        give: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut owners = self.lock();
        give()?;
        owners.extend(fingerprints.map(|fingerprint| (fingerprint, to)));
        Ok(())
    }

    pub(super) fn forget(&self, fingerprint: &Fingerprint) {
        self.lock().remove(fingerprint);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Fingerprint, ConnId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
