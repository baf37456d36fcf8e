//! Tickets: who may come in, under which name, once. They are JSON web tokens, signed
//! with HMAC-SHA-256 and nothing else, by this server or by an operator's login service.
//! `docs/protocol.md` has the format.

mod stub;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use throng_shared::limits::{
    TICKET_AHEAD_S, TICKET_BYTES, TICKET_ID_BYTES, TICKET_S, TICKET_S_MAX, TICKET_SKEW_S,
};
use throng_shared::session::Name;

use self::stub::Taken;
pub(crate) use self::stub::{Bearer, Stub};

/// Whom a ticket must be for.
const AUDIENCE: &str = "throng";
/// The one way to sign.
const ALGORITHM: &str = "HS256";
const TYPE: &str = "JWT";
/// Random bytes of our own keys and ticket numbers.
const KEY_BYTES: usize = 32;
const ID_BYTES: usize = 16;

/// What tickets are signed with. It is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct AuthSecret(String);

impl AuthSecret {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for AuthSecret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for AuthSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthSecret")
    }
}

/// Why a ticket is no good: for the operator's count, never for the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadTicket {
    TicketTooLong,
    TicketMalformed,
    TicketAlgorithm,
    TicketForged,
    TicketClaims,
    TicketExpired,
    /// Its end is so far off that it would have to be remembered for too long.
    TicketTooLasting,
    TicketFromTheFuture,
    TicketForOthers,
    TicketForAnotherRoom,
    TicketBadName,
    TicketUsed,
    /// It was issued before this process began, which does not know whether it was used.
    TicketFromBefore,
    /// The same may be so, as clocks differ; another one of the same clock is good soon.
    TicketTooSoon,
    TicketsTooMany,
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    alg: &'a str,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
    /// Names extensions that must be understood; we know none.
    #[serde(default, skip_serializing)]
    crit: Option<IgnoredAny>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<String>,
    aud: Audience,
    exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    jti: String,
    /// Whoever brings it may do what operators may.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    operator: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn is_us(&self) -> bool {
        match self {
            Self::One(one) => one == AUDIENCE,
            Self::Several(several) => several.iter().any(|one| one == AUDIENCE),
        }
    }
}

/// Whom a ticket lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    pub name: Name,
    /// Name of the only room that it is for, if it says so.
    pub room: Option<String>,
    /// Whether it may do what operators may.
    pub operator: bool,
}

/// The key of this server, and what was signed with it and used.
#[derive(Debug)]
pub struct Tickets {
    key: hmac::Key,
    are_needed: bool,
    /// For how long those of this server are good, in seconds.
    valid_s: u64,
    /// What operators show to get theirs here.
    operator_secret: Option<AuthSecret>,
    /// Where other processes took tickets under the same key: when this one began, in
    /// seconds of Unix time.
    since_s: Option<u64>,
    taken: Mutex<Taken>,
}

impl Tickets {
    /// Tickets of a server. With a secret only those signed with it count,
    /// and everybody needs one; without, the key is this process's own.
    #[must_use]
    pub fn new(secret: Option<&AuthSecret>) -> Self {
        let mut own = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut own).expect("the system has random bytes");
        let bytes = secret.map_or(own.as_slice(), |secret| secret.0.as_bytes());
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, bytes),
            are_needed: secret.is_some(),
            valid_s: TICKET_S,
            operator_secret: None,
            since_s: None,
            taken: Mutex::default(),
        }
    }

    /// The same, good for so many seconds where they are given here.
    #[must_use]
    pub fn valid_for(self, valid_s: u64) -> Self {
        Self { valid_s, ..self }
    }

    /// For how long those of this server are good, in seconds.
    #[must_use]
    pub fn valid_s(&self) -> u64 {
        self.valid_s
    }

    /// The same, with the secret that operators get theirs for.
    #[must_use]
    pub fn with_operator_secret(self, operator_secret: Option<AuthSecret>) -> Self {
        Self { operator_secret, ..self }
    }

    /// The same, of a process that begins at `now_s`, in seconds of Unix time. Which tickets
    /// were used is known to one process alone: those that another one may have taken under
    /// this secret are not taken again.
    #[must_use]
    pub fn since(self, now_s: u64) -> Self {
        Self { since_s: self.are_needed.then_some(now_s), ..self }
    }

    /// Whether operators get theirs here.
    #[must_use]
    pub fn are_for_operators(&self) -> bool {
        self.operator_secret.is_some()
    }

    /// Whether somebody knows the secret of operators. How long it takes tells nothing of
    /// the secret.
    #[must_use]
    pub fn is_operator(&self, shown: &AuthSecret) -> bool {
        let Some(secret) = &self.operator_secret else { return false };
        let expected = hmac::sign(&self.key, secret.0.as_bytes());
        hmac::verify(&self.key, shown.0.as_bytes(), expected.as_ref()).is_ok()
    }

    /// Whether nobody comes in without one.
    #[must_use]
    pub fn are_needed(&self) -> bool {
        self.are_needed
    }

    /// A ticket for a name and a room, good from `now_s` on, in seconds of Unix time.
    #[must_use]
    pub fn issue(&self, name: &Name, room: &str, now_s: u64) -> String {
        self.sign(name, room, now_s, false)
    }

    /// The same for somebody who may do what operators may.
    #[must_use]
    pub fn issue_to_operator(&self, name: &Name, room: &str, now_s: u64) -> String {
        self.sign(name, room, now_s, true)
    }

    fn sign(&self, name: &Name, room: &str, now_s: u64, operator: bool) -> String {
        let mut id = [0; ID_BYTES];
        SystemRandom::new().fill(&mut id).expect("the system has random bytes");
        let claims = Claims {
            name: name.as_str().to_owned(),
            room: Some(room.to_owned()),
            aud: Audience::One(AUDIENCE.to_owned()),
            exp: now_s + self.valid_s,
            iat: Some(now_s),
            nbf: None,
            jti: URL_SAFE_NO_PAD.encode(id),
            operator,
        };
        let header = Header { alg: ALGORITHM, typ: Some(TYPE), crit: None };
        let part = |json: serde_json::Result<Vec<u8>>| {
            URL_SAFE_NO_PAD.encode(json.expect("texts and numbers can be written"))
        };
        let signed =
            format!("{}.{}", part(serde_json::to_vec(&header)), part(serde_json::to_vec(&claims)));
        let signature = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// Takes a ticket and uses it up: whom it lets in. Of two who bring the same one, one gets
    /// in.
    ///
    /// # Errors
    /// When it is not good at `now_s`, or was used.
    pub fn redeem(&self, ticket: &str, now_s: u64) -> Result<Pass, BadTicket> {
        let (stub, _) = self.admit(ticket, now_s, Bearer::default())?;
        if stub.use_up() { Ok(stub.pass) } else { Err(BadTicket::TicketUsed) }
    }

    /// Takes a ticket for a connection, which is whom it lets in until a newer one brings it
    /// or the stub is used up; and whose place that one takes.
    ///
    /// # Errors
    /// When it is not good at `now_s`, was used, or a newer connection has it.
    pub(crate) fn admit(
        &self,
        ticket: &str,
        now_s: u64,
        bearer: Bearer,
    ) -> Result<(Stub, Option<Bearer>), BadTicket> {
        let (pass, id, end_s) = self.judge(ticket, now_s)?;
        self.lock().take((id, end_s), pass, bearer, now_s)
    }

    /// Whom a ticket lets in that was not used, its number, and until when that is to be
    /// remembered.
    fn judge(&self, ticket: &str, now_s: u64) -> Result<(Pass, String, u64), BadTicket> {
        let Claims { name, room, aud, exp, iat, nbf, jti, operator } = self.verify(ticket)?;
        // Our own clock is not ahead of itself.
        let skew_s = if self.are_needed { TICKET_SKEW_S } else { 0 };
        if now_s > exp.saturating_add(skew_s) {
            return Err(BadTicket::TicketExpired);
        }
        if exp > now_s + TICKET_S_MAX + TICKET_SKEW_S {
            return Err(BadTicket::TicketTooLasting);
        }
        if [iat, nbf].into_iter().flatten().any(|from| from > now_s + TICKET_SKEW_S) {
            return Err(BadTicket::TicketFromTheFuture);
        }
        if let Some(since_s) = self.since_s {
            let issued_s = iat.ok_or(BadTicket::TicketClaims)?;
            if issued_s > now_s + TICKET_AHEAD_S {
                return Err(BadTicket::TicketFromTheFuture);
            }
            if issued_s <= since_s + TICKET_AHEAD_S {
                // By a clock that is behind, one of after the start may say so, too; but not
                // for long, and not if it is older than clocks may differ.
                let is_passing = now_s <= since_s + TICKET_AHEAD_S + TICKET_SKEW_S
                    && issued_s + TICKET_SKEW_S >= since_s;
                return Err(if is_passing {
                    BadTicket::TicketTooSoon
                } else {
                    BadTicket::TicketFromBefore
                });
            }
        }
        if !aud.is_us() {
            return Err(BadTicket::TicketForOthers);
        }
        let name = Name::parse(&name).map_err(|_| BadTicket::TicketBadName)?;
        if jti.is_empty() || jti.len() > TICKET_ID_BYTES {
            return Err(BadTicket::TicketClaims);
        }
        Ok((Pass { name, room, operator }, jti, exp + TICKET_SKEW_S))
    }

    /// Makes a ticket good again that brought nobody in, unless somebody newer has it.
    pub(crate) fn give_back(&self, stub: Option<Stub>) {
        if let Some(stub) = stub {
            self.lock().give_back(&stub);
        }
    }

    /// The same for a connection that comes in its bearer's stead, unless somebody newer has it.
    pub(crate) fn pass_on(&self, stub: Stub, bearer: Bearer) -> Option<Stub> {
        self.lock().pass_on(stub, bearer)
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a ticket claims, once its signature was found to be ours.
    fn verify(&self, ticket: &str) -> Result<Claims, BadTicket> {
        use BadTicket::{
            TicketAlgorithm, TicketClaims, TicketForged, TicketMalformed, TicketTooLong,
        };
        if ticket.len() > TICKET_BYTES {
            return Err(TicketTooLong);
        }
        let (signed, signature) = ticket.rsplit_once('.').ok_or(TicketMalformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TicketMalformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TicketMalformed);
        let (header, claims, signature) = (decode(header)?, decode(claims)?, decode(signature)?);
        let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| TicketMalformed)?;
        let is_typed = header.typ.is_none_or(|typ| typ == TYPE);
        if header.alg != ALGORITHM || !is_typed || header.crit.is_some() {
            return Err(TicketAlgorithm);
        }
        hmac::verify(&self.key, signed.as_bytes(), &signature).map_err(|_| TicketForged)?;
        serde_json::from_slice(&claims).map_err(|_| TicketClaims)
    }
}

#[cfg(test)]
mod tests;
