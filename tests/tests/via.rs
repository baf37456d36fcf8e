//! Bad links between real bots and a real server: what is late, stalled or cut is made
//! up for, and nothing that bots hold goes wrong.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use throng_bot::load::window::Window;
use throng_bot::load::{Beat, Plan, Stop};
use throng_bot::via::Via;
use throng_shared::prng::Prng;

use crate::load::plan;
use crate::sockets::{empty, server};

const BOTS: usize = 10;

fn anywhere() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

pub(crate) fn link(spec: &str, to: SocketAddr) -> Via {
    let spec = spec.parse().expect("a link");
    Via::start(spec, 5, anywhere(), to).expect("a port is free")
}

/// What bots saw over a link in so many seconds, with the times that they were cut.
fn play(spec: &str, seconds: f64) -> (Beat, u64) {
    let server = server(empty());
    let via = link(spec, server.address());
    let url = format!("ws://{}/ws", via.address());
    let plan = Plan { comeback: true, ..plan(url, BOTS, seconds) };
    let mut window = Window::new(BOTS, 0.0, seconds);
    plan.run(&Stop::default(), &mut |beat| window.take(&beat)).expect("the server listens");
    server.stop();
    (window.sum(), via.cuts())
}

#[test]
fn bots_on_a_late_link_play_and_their_views_hold() {
    let (sum, cuts) = play("latency=60±30", 3.0);
    assert_eq!((sum.joined, sum.lost, sum.rejoined, cuts), (BOTS, 0, 0, 0));
    assert_eq!(sum.desyncs, 0, "because late is not wrong");
    assert!(sum.checks > 0, "because zero desyncs without checks prove nothing");
    let ack = sum.figures().input_ack_ms.p50;
    assert!(ack >= 60.0, "because two ways of 30 ms at least lie between: {ack}");
}

#[test]
fn bots_that_are_cut_off_come_back_and_none_is_lost() {
    let (sum, cuts) = play("cut=1/3s,latency=5±5", 6.0);
    let back = sum.resumed + sum.rejoined;
    assert!(cuts > 0 && back > 0, "because they play for longer than a connection lasts");
    assert_eq!(sum.lost, 0, "because a cut is no reason to stay away");
    assert_eq!(sum.desyncs, 0, "because a new connection begins with keyframes");
    assert_eq!(sum.back.len(), back as u64);
}

#[test]
fn a_stall_is_sat_out() {
    let (sum, _) = play("stall=1s/3s", 6.0);
    assert_eq!((sum.joined, sum.lost, sum.rejoined, sum.desyncs), (BOTS, 0, 0, 0));
    let longest = sum.figures().gap_ms.max;
    assert!(longest >= 900.0, "because nothing came for a second: {longest}");
}

/// Gives back what it gets, for one connection.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind(anywhere()).expect("a port is free");
    let address = listener.local_addr().expect("a bound port");
    std::thread::spawn(move || {
        let Ok((stream, _)) = listener.accept() else { return };
        // Either end may hang up.
        let _ = std::io::copy(&mut &stream, &mut &stream);
    });
    address
}

#[test]
fn every_byte_arrives_in_order_and_the_end_does_too() {
    const BYTES: usize = 200_000;
    let via = link("latency=5±5,stall=200ms/1s,rate=400KB", echo());
    let mut stream = TcpStream::connect(via.address()).expect("it listens");
    let mut rng = Prng::new(1);
    let sent: Vec<u8> = (0..BYTES).map(|_| rng.next_u8()).collect();
    let mut writer = stream.try_clone().expect("a second handle");
    let bytes = sent.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&bytes).expect("the link takes it");
        writer.shutdown(std::net::Shutdown::Write).expect("it is open");
    });
    let mut came = Vec::new();
    stream.read_to_end(&mut came).expect("the end arrives");
    writing.join().expect("all was written");
    assert!(came == sent, "because a link is TCP: {} of {BYTES} came", came.len());
    assert_eq!((via.connections(), via.cuts()), (1, 0));
}

#[test]
fn a_link_that_leads_nowhere_hangs_up() {
    let nowhere = TcpListener::bind(anywhere()).and_then(|it| it.local_addr());
    let via = link("latency=1", nowhere.expect("a port is free"));
    let mut stream = TcpStream::connect(via.address()).expect("it listens");
    let mut came = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut came);
    assert!(came.is_empty(), "because nobody sent anything: {came:?}");
}
