//! Who a guest is from one visit to the next: a number, and a signature that only this
//! server makes. The client keeps both; here nothing is kept but the key and which numbers
//! were given out.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use throng_shared::limits::{IDENTITY_BYTES, PLAYERS_RESERVED};
use throng_shared::wire::Identity;

use crate::store::Store;

/// Bytes of the key.
pub(crate) const KEY_BYTES: usize = 32;
/// Bytes of the number; what is left of an identity is its signature, cut.
const NUMBER_BYTES: usize = 8;
/// What else is signed with the key says something else first.
const PURPOSE: &[u8] = b"throng identity 1";

/// A player, over all visits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayerId(pub u32);

impl PlayerId {
    /// Nobody in particular: house bots, and guests for whom no number was left.
    pub const NOBODY: Self = Self(0);

    #[must_use]
    pub fn is_somebody(self) -> bool {
        self != Self::NOBODY
    }
}

/// Signs identities and knows them again.
pub struct Identities {
    key: hmac::Key,
    /// Signatures are compared by signing them once more, so that the time that it takes
    /// tells nothing of them.
    blind: hmac::Key,
    /// The number of the next new player.
    next: AtomicU32,
    store: Store,
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identities")
    }
}

impl Identities {
    /// Identities with the key and the numbers of a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        let mut random = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut random).expect("the system has random bytes");
        let blind = hmac::Key::new(hmac::HMAC_SHA256, &random);
        let key = hmac::Key::new(hmac::HMAC_SHA256, store.key());
        Self { key, blind, next: AtomicU32::new(store.players().0), store }
    }

    /// Who brings this, and what is to be brought from now on. Whoever brings nothing, or
    /// something that was not given out here, is a new player.
    pub fn recognise(&self, it: Option<&Identity>) -> (PlayerId, Identity) {
        match it.and_then(|it| self.verify(it).map(|player| (player, it.clone()))) {
            Some(known) => known,
            None => self.introduce(),
        }
    }

    fn verify(&self, it: &Identity) -> Option<PlayerId> {
        let (number, signature) = it.0.split_first_chunk::<NUMBER_BYTES>()?;
        let expected = self.sign(*number);
        let expected = hmac::sign(&self.blind, &expected[NUMBER_BYTES..]);
        hmac::verify(&self.blind, signature, expected.as_ref()).ok()?;
        let player = PlayerId(u32::try_from(u64::from_be_bytes(*number)).ok()?);
        player.is_somebody().then_some(player)
    }

    /// A new player, or nobody in particular when no number is left, because none could be
    /// reserved.
    fn introduce(&self) -> (PlayerId, Identity) {
        let end = self.store.players().1;
        let taken = self.next.try_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
            (next < end).then(|| next + 1)
        });
        let Ok(number) = taken else { return (PlayerId::NOBODY, Identity::default()) };
        if end - number < PLAYERS_RESERVED / 2 {
            self.store.reserve_players(end);
        }
        (PlayerId(number), Identity(self.sign(u64::from(number).to_be_bytes())))
    }

    /// A number with its signature.
    fn sign(&self, number: [u8; NUMBER_BYTES]) -> [u8; IDENTITY_BYTES] {
        let mut said = [0; PURPOSE.len() + NUMBER_BYTES];
        said[..PURPOSE.len()].copy_from_slice(PURPOSE);
        said[PURPOSE.len()..].copy_from_slice(&number);
        let signature = hmac::sign(&self.key, &said);
        let mut signed = [0; IDENTITY_BYTES];
        signed[..NUMBER_BYTES].copy_from_slice(&number);
        signed[NUMBER_BYTES..]
            .copy_from_slice(&signature.as_ref()[..IDENTITY_BYTES - NUMBER_BYTES]);
        signed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_brings_an_identity_is_the_same_player_and_who_forges_one_is_new() {
        let identities = Identities::new(Store::none());
        let (ada, token) = identities.recognise(None);
        let (eve, other) = identities.recognise(None);
        assert!(ada.is_somebody() && eve > ada, "because numbers ascend");
        assert_eq!(identities.recognise(Some(&token)), (ada, token.clone()));
        for index in 0..IDENTITY_BYTES {
            let mut forged = token.clone();
            forged.0[index] ^= 1;
            let (player, given) = identities.recognise(Some(&forged));
            assert!(player > eve && given != forged, "because byte {index} is signed");
        }
        let mut mixed = token;
        mixed.0[..NUMBER_BYTES].copy_from_slice(&other.0[..NUMBER_BYTES]);
        assert_ne!(identities.recognise(Some(&mixed)).0, eve, "because a number is no proof");
        let nobody = Identity::default();
        assert!(identities.recognise(Some(&nobody)).0.is_somebody());
    }

    #[test]
    fn another_server_knows_nobody() {
        let (here, there) = (Identities::new(Store::none()), Identities::new(Store::none()));
        let (_, token) = here.recognise(None);
        let (_, first) = there.recognise(None);
        assert_ne!(there.recognise(Some(&token)).1, token);
        assert_ne!(first, token, "because each has a key of its own");
    }

    #[test]
    fn nothing_secret_is_shown() {
        let identities = Identities::new(Store::none());
        let shown = format!("{identities:?} {:?}", identities.recognise(None).1);
        assert_eq!(shown, "Identities Identity");
    }
}
