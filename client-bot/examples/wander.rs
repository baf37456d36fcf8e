//! A bot that wanders: `cargo run -p throng-bot --example wander 127.0.0.1:8080`

use throng_bot::{brain::Intent, client::Client};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("which server? host:port")?;
    let stream = tokio::net::TcpStream::connect(&address).await?;
    let mut client = Client::join(stream, &format!("ws://{address}/ws"), "Rust", 3).await?;
    let mut thoughts = tokio::time::interval(std::time::Duration::from_millis(100));
    loop {
        tokio::select! {
            news = client.next() => drop(news?),
            _ = thoughts.tick() => {
                let heading = (client.seen().0 / 16 * 97) as u8;
                client.steer(Intent { heading, thrust: 15, ..Intent::default() })?;
            }
        }
    }
}
