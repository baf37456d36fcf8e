//! A crowd that never flies straight, for snapshots of thousands of bytes: every
//! member changes heading and thrust at every tick, and looks at nothing.

use std::net::SocketAddr;
use std::thread::JoinHandle;

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use throng_shared::ids::Tick;
use throng_shared::prng::Prng;
use throng_shared::session::{ClientSession, Skimmed, Update};
use throng_shared::time::Millis;
use throng_shared::wire::{ClientMessage, Hello, Input, SnapshotHead, encode};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::sockets::connect;

/// Connections that begin at once.
const AT_ONCE: u64 = 20;

/// A crowd on a thread of its own, until it is sent home.
pub(crate) struct Crowd {
    home: watch::Sender<()>,
    thread: JoinHandle<()>,
}

impl Crowd {
    pub(crate) fn gather(address: SocketAddr, count: u64) -> Self {
        let (home, mut stop) = watch::channel(());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("an event loop");
            runtime.block_on(async {
                let members = join_all((0..count).map(|number| spin(address, number)));
                tokio::select! {
                    // Either everybody was let go, or they are sent home.
                    _ = members => {}
                    _ = stop.changed() => {}
                }
            });
        });
        Self { home, thread }
    }

    pub(crate) fn send_home(self) {
        // It may have gone home already.
        let _ = self.home.send(());
        self.thread.join().expect("the crowd does not panic");
    }
}

/// Plays until the connection ends.
async fn spin(address: SocketAddr, number: u64) {
    tokio::time::sleep(std::time::Duration::from_millis(20) * (number / AT_ONCE) as u32).await;
    let mut socket = connect(address).await;
    let mut chance = Prng::stream(9, number);
    let (mut session, hello) = ClientSession::new(Millis(0), Hello::guest("spin", 1));
    let mut say = Some(hello);
    let mut seen = Tick(0);
    loop {
        if let Some(message) = say.take()
            && socket.send(Message::binary(encode(&message))).await.is_err()
        {
            return;
        }
        let Some(Ok(message)) = socket.next().await else { return };
        let Message::Binary(frame) = message else { continue };
        match session.skim_frame(Millis(0), &frame) {
            Ok(Skimmed::Update(Update::Welcome(welcome))) => seen = Tick(welcome.tick),
            Ok(Skimmed::Update(Update::Ping { answer, .. })) => say = Some(answer),
            Ok(Skimmed::Snapshot(SnapshotHead { ticks, restart, .. })) => {
                seen = restart.map_or(seen.offset(ticks as i32), Tick);
                say = Some(ClientMessage::Input(Input {
                    tick: seen.offset(2).0,
                    ahead: 2,
                    heading: chance.next_u8(),
                    thrust: 14 + (seen.0 & 1) as u8,
                    ..Input::default()
                }));
            }
            Ok(Skimmed::Update(_)) => {}
            Err(_) => return,
        }
    }
}
