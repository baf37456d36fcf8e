//! `throng serve`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use ipnet::IpNet;
use throng_shared::limits::{CONNECTIONS_MAX, DRAIN_MS};

use super::ends::Ends;
use crate::config::{ArenaSpec, Config, LimitSettings, Rehearsal, Settings, SwitchedOff};
use crate::link::Step;
use crate::net::Tls;
use crate::serve::{Server, start};
use crate::tickets::AuthSecret;

/// How often the server is asked whether all its threads are alive.
const HEALTH_EVERY: Duration = Duration::from_millis(500);
/// A signal that comes so soon after the first is the same one: of a Ctrl-C that was heard by the
/// whole group, and passed on by whoever runs us, two come.
const ECHO: Duration = Duration::from_millis(250);
/// How often it is looked whether everybody has left.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Ticks a second, 10 to 128 [default: 30]
    #[arg(long, value_name = "HZ")]
    tick_rate: Option<u32>,
    /// Generated arena: N × N tiles, or the open field for so many players
    #[arg(long, value_name = "TILES|auto:PLAYERS")]
    arena: Option<ArenaSpec>,
    /// Tiled map to play on [default: the built-in map]
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Bots that play with whoever comes [default: 20]
    #[arg(long, value_name = "N")]
    house_bots: Option<usize>,
    /// Seed of everything random [default: 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads that own connections [default: half the cores, 8 at most]
    #[arg(long, value_name = "N")]
    net_threads: Option<usize>,
    /// Threads that run rooms [default: the cores, 8 at most]
    #[arg(long, value_name = "N")]
    room_workers: Option<usize>,
    /// Let nobody make rooms over HTTP
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    rooms_fixed: Option<bool>,
    /// Seconds that a room which was made stays without anybody [default: 60]
    #[arg(long, value_name = "SECONDS")]
    room_empty_s: Option<u64>,
    /// Players in the arena at most [default: 8192]
    #[arg(long, value_name = "N")]
    players_max: Option<usize>,
    /// Origin of pages that may connect besides the own ones; may be repeated
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    allow_origin: Option<Vec<String>>,
    /// Seconds that a glider stays whose connection was lost [default: 10]
    #[arg(long, value_name = "SECONDS")]
    link_hold_s: Option<u64>,
    /// Seconds in which a player who lost the connection can come back [default: 60]
    #[arg(long, value_name = "SECONDS")]
    session_s: Option<u64>,
    /// Secret of the login service whose tickets are needed from then on, of 32 bytes at
    /// least; others can see it in the list of processes, so better give a file
    #[arg(long, value_name = "SECRET")]
    auth_secret: Option<String>,
    /// File with that secret
    #[arg(long, value_name = "FILE")]
    auth_secret_file: Option<PathBuf>,
    /// Secret for which operators get their tickets, of 32 bytes at least; better a file
    #[arg(long, value_name = "SECRET", hide_short_help = true)]
    operator_secret: Option<String>,
    /// File with the secret for which operators get their tickets
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    operator_secret_file: Option<PathBuf>,
    /// Directory for scores, players and bans, which are gone at the end without one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Networks of proxies that say by X-Forwarded-For for whom they speak
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    trust_proxy: Option<Vec<IpNet>>,
    /// Certificate, and those that vouch for it, in PEM; read again at SIGHUP
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, in PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitSettings,
    #[command(flatten)]
    switched_off: SwitchedOff,
    /// Have a room crash after a tick: to rehearse it
    #[arg(long, hide = true, value_name = "[ROOM:]TICK")]
    panic_at_tick: Option<Rehearsal>,
    /// Have a room stand still after a tick, for so many milliseconds
    #[arg(long, hide = true, value_name = "ROOM:TICK:MS")]
    stall_at_tick: Option<Rehearsal>,
    /// End when the standard input does: for whoever starts servers of its own
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
    /// TOML file with any of these settings, named like the flags
    #[arg(long, env = "THRONG_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(args: ServeArgs) -> Result<(), String> {
    if args.until_stdin_ends {
        super::end_with_stdin();
    }
    let file = args.config.as_deref().map(Settings::from_file).transpose()?.unwrap_or_default();
    let flags = Settings {
        listen: args.listen,
        tick_rate: args.tick_rate,
        arena: args.arena,
        map: args.map,
        house_bots: args.house_bots,
        seed: args.seed,
        net_threads: args.net_threads,
        room_workers: args.room_workers,
        rooms_fixed: args.rooms_fixed,
        room_empty_s: args.room_empty_s,
        players_max: args.players_max,
        allow_origin: args.allow_origin,
        link_hold_s: args.link_hold_s,
        session_s: args.session_s,
        auth_secret: args.auth_secret.map(AuthSecret::new),
        auth_secret_file: args.auth_secret_file,
        operator_secret: args.operator_secret.map(AuthSecret::new),
        operator_secret_file: args.operator_secret_file,
        data: args.data,
        trust_proxy: args.trust_proxy,
        tls_cert: args.tls_cert,
        tls_key: args.tls_key,
        limits: args.limits,
        switched_off: args.switched_off,
    };
    // Lossy: a value that is not UTF-8 is no setting, and is complained of as such.
    let variables = std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    });
    let (variables, unknown) = Settings::from_variables(variables)?;
    for name in unknown {
        tracing::warn!("The variable {name} is no setting of throng and was ignored.");
    }
    if flags.arena.is_some() && flags.map.is_some() {
        return Err("Only one of --arena and --map can be given.".to_owned());
    }
    let mut config = Config::new(flags.or(variables).or(file))?;
    config.panic_at = args.panic_at_tick;
    config.stall_at = args.stall_at_tick;
    let allow = throng_bot::load::allow_open_files;
    let players = config.players_max.min(CONNECTIONS_MAX);
    // Those at the door have to do with what is left.
    let limits = &config.limits;
    let others = [limits.doorstep_max, limits.lane_max, limits.pages_max, limits.streams_max];
    let all = players + others.iter().map(|&most| most as usize).sum::<usize>();
    if let Err(error) = allow(all).or_else(|_| allow(players)) {
        tracing::warn!("{error}");
    }
    for (flag, so) in config.limits.switched_off.flags() {
        tracing::warn!("A limit is switched off by --{flag}: {so}.");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("The runtime cannot be started: {error}."))?;
    runtime.block_on(async {
        // Before the address is printed: whoever reads it may end us at once.
        let signal = Signal::listen()?;
        let server = start(&config)?;
        if config.limits.switched_off.ladder {
            server.hold_step(Some(Step::Open));
        }
        say_listening(scheme(&config), server.address());
        serve_until(signal, server).await
    })
}

fn scheme(config: &Config) -> &'static str {
    if config.tls.is_some() { "https" } else { "http" }
}

/// Prints where this process listens, for people and for scripts.
pub(super) fn say_listening(scheme: &str, address: SocketAddr) {
    let mut stdout = std::io::stdout();
    let line = format!("throng listening on {scheme}://{address}\n");
    // A closed stdout is no reason not to serve.
    drop(stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()));
}

async fn serve_until(mut signal: Signal, server: Server) -> Result<(), String> {
    let mut ends = Ends::new(Instant::now());
    loop {
        tokio::select! {
            told = signal.next() => match told {
                Told::Reload => reload(&server),
                Told::End(name) => {
                    tracing::info!("{name}: closing {} connections.", server.tally().open());
                    server.drain();
                    return drain(signal, server).await;
                }
            },
            () = tokio::time::sleep(HEALTH_EVERY) => {
                if server.is_broken() {
                    server.stop();
                    return Err("A thread of the server ended; see the log.".to_owned());
                }
                if let Some(sentence) = ends.sum_up(Instant::now(), server.tally().ends()) {
                    tracing::info!("{sentence}");
                }
            }
        }
    }
}

/// Waits until everybody was let go, or time is up. A second signal ends all at once.
async fn drain(mut signal: Signal, server: Server) -> Result<(), String> {
    let asked = Instant::now();
    let end = asked + Duration::from_millis(DRAIN_MS);
    loop {
        tokio::select! {
            told = signal.next() => match told {
                // It is too late for a new certificate.
                Told::Reload => {}
                Told::End(_) if asked.elapsed() < ECHO => {}
                Told::End(name) => {
                    let open = server.tally().open();
                    return Err(format!("{name} again: {open} connections were cut."));
                }
            },
            () = tokio::time::sleep(DRAIN_LOOK) => {}
        }
        if server.tally().open() == 0 || Instant::now() >= end || server.is_broken() {
            break;
        }
    }
    let left = server.tally().open();
    if left > 0 {
        tracing::warn!("{left} connections did not end in time.");
    }
    server.stop();
    Ok(())
}

/// Reads the certificate again.
fn reload(server: &Server) {
    match server.tls().map(Tls::reload) {
        None => tracing::info!("SIGHUP: there is no certificate to read again."),
        Some(Ok(())) => tracing::info!("SIGHUP: new handshakes use the new certificate."),
        Some(Err(error)) => tracing::error!("SIGHUP: the old certificate stays. {error}"),
    }
}

/// What the operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// To read the certificate again.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only SIGHUP says so"))]
    Reload,
    /// To end, by this signal.
    End(&'static str),
}

/// The signals that end the server, and the one to read the certificate again.
struct Signal {
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signal {
    #[cfg(unix)]
    fn listen() -> Result<Self, String> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|error| format!("Signals cannot be listened for: {error}."))
        };
        Ok(Self {
            hang_up: listen(SignalKind::hangup())?,
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.hang_up.recv() => Told::Reload,
            _ = self.terminate.recv() => Told::End("SIGTERM"),
            _ = self.interrupt.recv() => Told::End("SIGINT"),
        }
    }

    #[cfg(not(unix))]
    fn listen() -> Result<Self, String> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> Told {
        drop(tokio::signal::ctrl_c().await);
        Told::End("Ctrl-C")
    }
}
