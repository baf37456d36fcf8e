//! The endpoint that the WebSocket conformance suite talks to: the server's own handshake,
//! pipe, protocol machine and frame writer, which echo. `cargo xtask conformance` runs it.

use std::error::Error;
use std::io::{Write, stdout};

use throng::net::proof::echo;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    // Whoever started this reads where to go.
    println!("{}", listener.local_addr()?);
    stdout().flush()?;
    Ok(echo(listener).await?)
}
