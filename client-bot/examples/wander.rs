//! A bot that wanders: `cargo run -p throng-bot --example wander 127.0.0.1:8080`

use throng_bot::{brain::Intent, player::Player};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("which server? host:port")?;
    let url = format!("ws://{address}/ws");
    let mut player =
        Player::guest(&url, "Rust", 3, || tokio::net::TcpStream::connect(address.clone()));
    let mut thoughts = tokio::time::interval(std::time::Duration::from_millis(100));
    loop {
        tokio::select! {
            told = player.next() => drop(told?),
            _ = thoughts.tick() => {
                let heading = player.seen().map_or(0, |tick| (tick.0 / 16 * 97) as u8);
                player.steer(Intent { heading, thrust: 15, ..Intent::default() });
            }
        }
    }
}
