//! A room's places are never exceeded, however many come for them at once: a thousand clients
//! with sockets of their own say Hello in the same moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use throng::config::{ArenaSpec, LimitSettings, Settings};
use throng::serve::Server;
use throng_bot::load::allow_open_files;
use throng_shared::wire::{ClientMessage, Hello, ServerMessage, decode_server, encode};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Barrier, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::resume::get;
use crate::rooms::attic;
use crate::sockets::{empty, server};

const CLIENTS: usize = 1000;
const PLACES: usize = 100;
/// Clients of one address, and clients that are at the door at one time: it is not what is
/// tried here.
const PER_ADDRESS: usize = 50;
const AT_THE_DOOR: usize = 25;
/// No test fails because a machine is slow.
const PATIENCE: Duration = Duration::from_secs(240);

/// What became of a client.
#[derive(Debug)]
enum Fate {
    Plays { room: String },
    Refused { code: u16, reason: String, retry_after_ms: u32 },
    Lost,
}

/// A server whose arena has so many places, and that waits for busy clients.
fn patient() -> Server {
    let limits = LimitSettings {
        hello_timeout_ms: Some(60_000),
        silence_timeout_ms: Some(600_000),
        stall_timeout_ms: Some(120_000),
        ..LimitSettings::default()
    };
    let arena = Some(ArenaSpec::Tiles(64));
    server(Settings { players_max: Some(PLACES), tick_rate: Some(10), arena, limits, ..empty() })
}

/// A connection that has said nothing yet.
async fn open(address: SocketAddr, number: usize) -> WebSocketStream<TcpStream> {
    let source = [127, 0, 4, 1 + (number / PER_ADDRESS) as u8];
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((source, 0).into()).expect("all of 127 is this machine");
    let stream = socket.connect(address).await.expect("the server listens");
    let url = format!("ws://{address}/ws");
    tokio_tungstenite::client_async(url, stream).await.expect("the server shakes hands").0
}

/// Says Hello, and hears what becomes of it.
async fn join(socket: &mut WebSocketStream<TcpStream>, room: &str) -> Fate {
    let hello = Hello { room: room.to_owned(), ..Hello::guest("Ada", 3) };
    let hello = Message::binary(encode(&ClientMessage::Hello(hello)));
    if socket.send(hello).await.is_err() {
        return Fate::Lost;
    }
    while let Some(Ok(message)) = socket.next().await {
        match decode_server(&message.into_data()) {
            Ok(ServerMessage::Welcome(welcome)) => return Fate::Plays { room: welcome.room },
            Ok(ServerMessage::Goodbye { code, reason, retry_after_ms }) => {
                return Fate::Refused { code, reason, retry_after_ms };
            }
            Ok(_) | Err(_) => {}
        }
    }
    Fate::Lost
}

/// Has a thousand join at once, each the room that its number names, and gives what became of
/// them and whoever holds those who play.
async fn storm(
    server: &Server,
    room_of: fn(usize) -> &'static str,
) -> (Vec<(usize, Fate)>, Arc<Semaphore>) {
    allow_open_files(CLIENTS * 2).expect("the system allows so many");
    let address = server.address();
    let (told, mut fates) = mpsc::channel(CLIENTS);
    let (door, start) = (Arc::new(Semaphore::new(AT_THE_DOOR)), Arc::new(Barrier::new(CLIENTS)));
    let over = Arc::new(Semaphore::new(0));
    for number in 0..CLIENTS {
        let (told, door, start) = (told.clone(), Arc::clone(&door), Arc::clone(&start));
        let over = Arc::clone(&over);
        tokio::spawn(async move {
            let place = door.acquire().await.expect("it stays open");
            let mut socket = open(address, number).await;
            drop(place);
            start.wait().await;
            let fate = join(&mut socket, room_of(number)).await;
            told.send((number, fate)).await.expect("somebody listens");
            // Who is in stays, and reads.
            loop {
                tokio::select! {
                    _ = over.acquire() => return,
                    message = socket.next() => if !matches!(message, Some(Ok(_))) { return },
                }
            }
        });
    }
    let mut all = Vec::new();
    while all.len() < CLIENTS {
        let fate = timeout(PATIENCE, fates.recv()).await.expect("all are answered in time");
        all.push(fate.expect("they are still there"));
    }
    (all, over)
}

/// Everybody who was refused was told the same: full, and when to come back.
fn assert_told(fates: &[(usize, Fate)]) {
    for (number, fate) in fates {
        match fate {
            Fate::Plays { .. } => {}
            Fate::Refused { code, reason, retry_after_ms } => {
                assert_eq!(*code, 1013, "because {number} may come back: {reason}");
                assert!(reason.contains("full"), "because it is told why: {reason}");
                assert!(*retry_after_ms > 0, "because it is told when");
            }
            Fate::Lost => panic!("because {number} is answered"),
        }
    }
}

fn playing(fates: &[(usize, Fate)], of: &str) -> usize {
    let is_there = |fate: &Fate| matches!(fate, Fate::Plays { room } if room == of);
    fates.iter().filter(|(_, fate)| is_there(fate)).count()
}

#[tokio::test]
async fn of_a_thousand_who_join_at_once_exactly_as_many_play_as_there_are_places() {
    let server = patient();
    let (fates, over) = storm(&server, |_| "").await;
    assert_told(&fates);
    assert_eq!(playing(&fates, "arena"), PLACES);
    assert_eq!(server.status().players(), PLACES);
    let page = get(server.address(), "/api/rooms").await;
    let (_, body) = page.split_once("\r\n\r\n").expect("an answer has a head");
    let list: serde_json::Value = serde_json::from_str(body).expect("it is JSON");
    let arena = &list["rooms"][0];
    assert_eq!((&arena["players"], &arena["players_max"]), (&PLACES.into(), &PLACES.into()));
    over.add_permits(CLIENTS);
    server.stop();
}

#[tokio::test]
async fn who_finds_one_room_full_spills_into_the_next_until_all_are() {
    const IN_THE_ATTIC: usize = 60;
    let server = patient();
    let status = attic(&server, 10, IN_THE_ATTIC);
    // A third insist on the attic, the others take whatever room has a place.
    let (fates, over) = storm(&server, |number| if number % 3 == 0 { "attic" } else { "" }).await;
    assert_told(&fates);
    assert_eq!(playing(&fates, "arena"), PLACES);
    assert_eq!(playing(&fates, "attic"), IN_THE_ATTIC);
    assert_eq!((server.status().players(), status.players()), (PLACES, IN_THE_ATTIC));
    let insisted = |(number, fate): &(usize, Fate)| {
        number % 3 == 0 && matches!(fate, Fate::Plays { room } if room == "arena")
    };
    assert!(!fates.iter().any(insisted), "because a room by its name is that room or none");
    over.add_permits(CLIENTS);
    server.stop();
}
