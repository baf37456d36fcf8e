//! The close codes, in one table.

/// What everybody reads before a server that restarts closes with [`CloseCode::Restart`].
pub const RESTART_NOTICE: &str = "The server restarts. You will be back in a few seconds.";

/// What a client does after a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comeback {
    /// Connects again, with growing, jittered delays.
    Retry,
    /// Stays away, and tells the player why.
    Never,
}

macro_rules! close_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $comeback:ident, $text:literal;)*) => {
        /// Why a connection ends. The numbers are those of RFC 6455 and our own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum CloseCode {
            $($(#[$doc])* $name,)*
        }

        impl CloseCode {
            /// Every code.
            pub const ALL: &'static [CloseCode] = &[$(Self::$name),*];

            /// The number in the close frame.
            #[must_use]
            pub fn number(self) -> u16 {
                match self { $(Self::$name => $code,)* }
            }

            /// The code of a number, if we use it.
            #[must_use]
            pub fn of(number: u16) -> Option<Self> {
                match number { $($code => Some(Self::$name),)* _ => None }
            }

            /// What a client does next.
            #[must_use]
            pub fn comeback(self) -> Comeback {
                match self { $(Self::$name => Comeback::$comeback,)* }
            }

            /// The reason in words.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

close_codes! {
    Left = 1000, Never, "left";
    GoingAway = 1001, Retry, "going away";
    Protocol = 1002, Never, "not a valid WebSocket frame";
    TextFrame = 1003, Never, "this endpoint takes binary messages only";
    NotUtf8 = 1007, Never, "text is not UTF-8";
    Policy = 1008, Never, "a message broke a rule of the session";
    TooBig = 1009, Never, "a message is too big";
    RoomCrashed = 1011, Retry, "the room crashed";
    Restart = 1012, Retry, "the server restarts";
    Full = 1013, Retry, "the room is full";
    /// Never sent: what a client sees when the link just ends.
    Lost = 1006, Retry, "the connection was lost";
    Decode = 4001, Never, "a message could not be decoded";
    NotAuthenticated = 4003, Never, "a message came before Hello";
    AuthFailed = 4004, Never, "the ticket was refused";
    RateLimited = 4008, Retry, "too many messages";
    Silent = 4009, Retry, "no heartbeat";
    Kicked = 4010, Never, "kicked";
    Replaced = 4011, Never, "replaced by a newer connection";
    WrongProtocol = 4012, Never, "this client speaks another version of the protocol";
    SlowConsumer = 4013, Retry, "the connection reads too slowly";
    NoSuchRoom = 4014, Never, "there is no such room";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_one_to_one() {
        for &code in CloseCode::ALL {
            assert_eq!(CloseCode::of(code.number()), Some(code), "because a number has one code");
            assert!(code.text().len() <= crate::limits::REASON_BYTES_MAX);
        }
    }
}
