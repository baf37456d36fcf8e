//! `throng via`: a bad link for whatever speaks TCP.

use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};

use clap::Args;
use throng_bot::load::Stop;
use throng_bot::via::{Spec, Via};

/// How often the end is looked for.
const GLANCE: std::time::Duration = std::time::Duration::from_millis(50);

#[derive(Debug, Args)]
pub(super) struct ViaArgs {
    /// What the link does, any of: latency=80±40 (ms each way; also 80+-40), stall=2s/30s,
    /// rate=40KB (a second), cut=1/60s
    #[arg(value_name = "LINK")]
    link: Spec,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Server to lead to
    #[arg(long, value_name = "HOST:PORT")]
    to: String,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// End when the standard input does: for whoever starts links of its own
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

pub(super) fn run(args: ViaArgs) -> Result<(), String> {
    if args.until_stdin_ends {
        super::end_with_stdin();
    }
    let to = args.to.to_socket_addrs().ok().and_then(|mut found| found.next());
    let to = to.ok_or_else(|| format!("--to {} is no HOST:PORT that has an address.", args.to))?;
    // Before the address is printed: whoever reads it may end us at once.
    let stop = Stop::at_signals().map_err(|error| format!("{error}."))?;
    let via = Via::start(args.link, args.seed, args.listen, to)
        .map_err(|error| format!("--listen {} cannot be listened on: {error}.", args.listen))?;
    let mut stdout = std::io::stdout();
    let line = format!("throng via listening on {}\n", via.address());
    // A closed stdout is no reason not to go on.
    drop(stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()));
    while !stop.is_asked() {
        std::thread::sleep(GLANCE);
    }
    tracing::info!("{} connections, {} of them cut.", via.connections(), via.cuts());
    Ok(())
}
