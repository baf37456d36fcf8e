//! What rooms and threads say to each other, as transitions.

use throng::link::{ConnId, Control, Mail};

use super::transition::{Site, Transition};

/// What a thread asked of a room, as far as the model has to know.
pub(crate) fn asked(site: Site, control: &Control) -> Option<Transition> {
    Some(match *control {
        Control::Ask { .. } | Control::Lag { .. } => return None,
        Control::Join { conn, .. } => Transition::Asked { site, conn },
        Control::Depart { conn } => Transition::Departing { site, conn },
        // The room's answer, which is seen when it comes, is what counts.
        Control::Rebind { from, .. } => Transition::Claimed { site, conn: from },
        Control::Leave { conn } => Transition::Left { site, conn },
        Control::Detach { conn } => Transition::LinkDead { site, conn },
    })
}

/// What a room's mail to one thread means to those who play there. What comes after
/// somebody is seated waits in `late`.
pub(crate) fn tell(
    site: Site,
    mail: &[Mail],
    mut players: Vec<ConnId>,
    (early, late): (&mut Vec<Transition>, &mut Vec<Transition>),
) {
    let mut seated: Vec<ConnId> = Vec::new();
    for mail in mail {
        match mail {
            Mail::Joined { conn, you, .. } => {
                seated.push(*conn);
                late.push(Transition::Seated { site, conn: *conn, you: *you });
            }
            Mail::Departed { conn } => {
                players.retain(|it| it != conn);
                let departed = Transition::Departed { site, conn: *conn };
                if seated.contains(conn) {
                    late.push(departed)
                } else {
                    early.push(departed)
                }
                seated.retain(|it| it != conn);
            }
            Mail::Refused { conn, .. } => {
                late.push(Transition::TurnedAway { site, conn: *conn });
            }
            Mail::Moved { conn, to } => {
                players.retain(|it| it != conn);
                let moved = Transition::Moved { from: *conn, to: *to };
                if seated.contains(conn) {
                    late.push(moved)
                } else {
                    early.push(moved)
                }
                seated.retain(|it| it != conn);
            }
            // Answers are told wherever they come from, and known by their call.
            Mail::Answer { .. } => {}
            Mail::Event { conn, message } | Mail::Watch { conn, message, .. } => {
                let what = super::fingerprint(message);
                let posted = Transition::Posted { site, conn: *conn, what };
                if seated.contains(conn) { late.push(posted) } else { early.push(posted) }
            }
            // Nobody orders that here.
            Mail::Expel { .. } => {}
            Mail::Broadcast { message } => {
                let what = super::fingerprint(message);
                let posted = |&conn: &ConnId| Transition::Posted { site, conn, what };
                early.extend(players.iter().map(posted));
                late.extend(seated.iter().map(posted));
            }
        }
    }
}
